/**
 * The steps that Redis takes as one, on one user's keys.
 *
 * KEYS: order (ids by place), items (notifications by id), unread (ids), last (the last change's place).
 * ARGV: most, life in ms, then the step's own. Every step begins by dropping what has grown old. Places are made like the
 * broker's positions (milliseconds × 1024 and a counter), so that they rise even after the keys have expired.
 */
const common = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function text(place) return string.format('%.0f', place) end
local function drop(ids)
  if #ids == 0 then return end
  redis.call('ZREM', KEYS[1], unpack(ids))
  redis.call('HDEL', KEYS[2], unpack(ids))
  redis.call('SREM', KEYS[3], unpack(ids))
end
local function place()
  return text(math.max(tonumber(redis.call('GET', KEYS[4]) or '0') + 1, now * 1024))
end
local function changed(at)
  redis.call('SET', KEYS[4], at)
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, ARGV[2]) end
end
local function answer(...)
  return { redis.call('SCARD', KEYS[3]), redis.call('GET', KEYS[4]) or '0', ... }
end
drop(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. text((now - ARGV[2]) * 1024)))
`;

/** ARGV: id, notification. Answers the count, and what is kept under the id. */
export const addScript = `${common}
local known = redis.call('HGET', KEYS[2], ARGV[3])
if known then return answer(known) end
local at = place()
redis.call('ZADD', KEYS[1], at, ARGV[3])
redis.call('HSET', KEYS[2], ARGV[3], ARGV[4])
redis.call('SADD', KEYS[3], ARGV[3])
drop(redis.call('ZRANGE', KEYS[1], 0, -ARGV[1] - 1))
changed(at)
return answer(ARGV[4])
`;

/** ARGV: bound above, how many. Answers the count, then place, 1 for unread, and notification, by turns. */
export const pageScript = `${common}
local found = redis.call('ZREVRANGEBYSCORE', KEYS[1], ARGV[3], '-inf', 'WITHSCORES', 'LIMIT', 0, ARGV[4])
local page = answer()
for i = 1, #found, 2 do
  page[#page + 1] = found[i + 1]
  page[#page + 1] = redis.call('SISMEMBER', KEYS[3], found[i])
  page[#page + 1] = redis.call('HGET', KEYS[2], found[i]) or ''
end
return page
`;

export const countScript = `${common}return answer()`;

/** ARGV: id. Answers the count, or nothing when there is none with this id. */
export const readScript = `${common}
if redis.call('HEXISTS', KEYS[2], ARGV[3]) == 0 then return {} end
if redis.call('SREM', KEYS[3], ARGV[3]) == 1 then changed(place()) end
return answer()
`;

export const readAllScript = `${common}
if redis.call('DEL', KEYS[3]) == 1 then changed(place()) end
return answer()
`;
