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

/**
 * Appends events to a channel's log and tells the subscribers, each notice with the position of the channel's previous
 * event, so that a hole is seen at once.
 *
 * KEYS: last position, epoch, log, tail (the channel's last position, which outlives its log), topic.
 * ARGV: epoch if there is none, replayMaxEvents, replay window in ms, life of the tail in ms, then type and data by turns.
 */
export const publishScript = `${clock}
local epoch = epochOf(KEYS[2], ARGV[1])
local now = tick()
local last = tonumber(redis.call('GET', KEYS[1]) or '0')
local previous = redis.call('GET', KEYS[4]) or '0'
local positions = { epoch }
for i = 5, #ARGV, 2 do
  last = math.max(last + 1, now * 1024)
  local position = text(last)
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[2], position .. '-0', 'p', previous, 't', ARGV[i], 'd', ARGV[i + 1])
  redis.call('PUBLISH', KEYS[5], epoch .. ' ' .. position .. ' ' .. previous .. ' ' .. ARGV[i] .. '\\n' .. ARGV[i + 1])
  previous = position
  positions[#positions + 1] = position
end
redis.call('SET', KEYS[1], previous)
redis.call('SET', KEYS[4], previous, 'PX', ARGV[4])
redis.call('XTRIM', KEYS[3], 'MINID', '~', text((now - ARGV[3]) * 1024))
redis.call('PEXPIRE', KEYS[3], ARGV[3])
return positions
`;

/**
 * A beat: sends this replica, on its own topic, the position that everything before has gone out with. It comes after
 * all earlier notices on the same connection, so whoever hears it has heard them. It also lifts the store's clock to the
 * time, and to what this replica has already seen: a promoted copy that lost the last writes must not reuse positions.
 *
 * KEYS: last position, epoch, topic. ARGV: epoch if there is none, epoch and position this replica has seen, a nonce.
 */
export const beatScript = `${clock}
local epoch = epochOf(KEYS[2], ARGV[1])
local last = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), tick() * 1024)
if epoch == ARGV[2] then last = math.max(last, tonumber(ARGV[3])) end
redis.call('SET', KEYS[1], text(last))
redis.call('PUBLISH', KEYS[3], epoch .. ' ' .. text(last) .. ' ' .. ARGV[4])
return 1
`;
