/**
 * The steps that Redis takes as one. Positions are made here, so that they are one order over all channels and replicas:
 * milliseconds × 1024 and a counter, see position.ts. Lua numbers hold them exactly (below 2^53).
 */

const clock = `
local function tick()
  local t = redis.call('TIME')
  return (t[1] * 1000 + math.floor(t[2] / 1000))
end
local function text(position) return string.format('%.0f', position) end
local function epochOf(key, candidate)
  local epoch = redis.call('GET', key)
  if not epoch then
    redis.call('SET', key, candidate)
    epoch = candidate
  end
  return epoch
end
`;

/** How a notice is sent: to everybody, or within the shard that owns the topic's slot. */
export type Notify = 'PUBLISH' | 'SPUBLISH';

/**
 * Appends events to a channel's log and tells the subscribers, each notice with the position of the channel's previous
 * event, so that a hole is seen at once.
 *
 * KEYS: last position, epoch, log, tail (the channel's last position, which outlives its log), topic.
 * ARGV, from `from`: epoch if there is none, replayMaxEvents, replay window in ms, life of the tail in ms, then type and
 * data by turns.
 */
const append = (notify: Notify): string => `
local function append(from)
  local epoch = epochOf(KEYS[2], ARGV[from])
  local now = tick()
  local last = tonumber(redis.call('GET', KEYS[1]) or '0')
  local previous = redis.call('GET', KEYS[4]) or '0'
  local positions = { epoch }
  for i = from + 4, #ARGV, 2 do
    last = math.max(last + 1, now * 1024)
    local position = text(last)
    redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[from + 1], position .. '-0', 'p', previous, 't', ARGV[i], 'd', ARGV[i + 1])
    redis.call('${notify}', KEYS[5], epoch .. ' ' .. position .. ' ' .. previous .. ' ' .. ARGV[i] .. '\\n' .. ARGV[i + 1])
    previous = position
    positions[#positions + 1] = position
  end
  redis.call('SET', KEYS[1], previous)
  redis.call('SET', KEYS[4], previous, 'PX', ARGV[from + 3])
  redis.call('XTRIM', KEYS[3], 'MINID', '~', text((now - ARGV[from + 2]) * 1024))
  redis.call('PEXPIRE', KEYS[3], ARGV[from + 2])
  return positions
end
`;

/** Publishes. Answers the epoch and the positions. */
export const publishScript = (notify: Notify): string => `${clock}${append(notify)}return append(1)`;

/**
 * Publishes unless that has been done under the same key, in one step with the publish itself. The positions of one
 * publish follow each other, so the first says all.
 *
 * KEYS: as to publish, then the key. ARGV: fingerprint of the body, life of the key in ms, then as to publish.
 * Answers as to publish; or an empty epoch, then the fingerprint, epoch and first position of what was published before.
 */
export const publishOnceScript = (notify: Notify): string => `${clock}${append(notify)}
local known = redis.call('GET', KEYS[6])
if known then
  local fingerprint, epoch, first = string.match(known, '^(%S+) (%S+) (%d+)$')
  return { '', fingerprint, epoch, first }
end
local positions = append(3)
redis.call('SET', KEYS[6], ARGV[1] .. ' ' .. positions[1] .. ' ' .. positions[2], 'PX', ARGV[2])
return positions
`;

/**
 * A beat: sends this replica, on its own topic, the position that everything before has gone out with. It comes after
 * all earlier notices on the same connection, so whoever hears it has heard them. It also lifts the store's clock to the
 * time, and to what this replica has already seen: a promoted copy that lost the last writes must not reuse positions.
 *
 * Whether writes were lost shows in the last events that this replica knows of, its witnesses: a copy holds what the
 * primary wrote up to some moment, so where the last is there, all are. It is there when the log has it, or when what
 * follows it, in the log or as the channel's tail, does not name an older predecessor: others may have published since.
 * Otherwise the store notes up to which position events may be missing, and every beat carries that on.
 *
 * A full store cannot keep the position; that is no reason not to be heard.
 *
 * KEYS: last position, epoch, topic, lost position, then log and tail of each witness's channel. ARGV: epoch if there is
 * none, epoch and position this replica has seen, a nonce, life of the note in ms, then the witnesses' positions.
 */
export const beatScript = (notify: Notify): string => `${clock}
local function holds(log, tail, position)
  local entries = redis.pcall('XRANGE', log, text(position), '+', 'COUNT', 1)
  local entry = not entries.err and entries[1]
  if not entry then return tonumber(redis.call('GET', tail) or '0') >= position end
  return entry[1] == text(position) .. '-0' or tonumber(entry[2][2]) >= position
end
local epoch = epochOf(KEYS[2], ARGV[1])
local last = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), tick() * 1024)
local lost = redis.call('GET', KEYS[4]) or '0'
if epoch == ARGV[2] then
  last = math.max(last, tonumber(ARGV[3]))
  for i = 6, #ARGV do
    local witness = tonumber(ARGV[i])
    if witness > tonumber(lost) and not holds(KEYS[2 * i - 7], KEYS[2 * i - 6], witness) then
      lost = text(last)
      redis.call('SET', KEYS[4], lost, 'PX', ARGV[5])
    end
  end
end
local kept = redis.pcall('SET', KEYS[1], text(last))
if kept.err and not string.find(kept.err, 'OOM', 1, true) then return kept end
redis.call('${notify}', KEYS[3], epoch .. ' ' .. text(last) .. ' ' .. ARGV[4] .. ' ' .. lost)
return 1
`;
