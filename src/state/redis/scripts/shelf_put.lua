-- Puts a part under a key: KEYS the parts and their order; ARGV the part, its value, the lifetime in ms, how many parts
-- are kept, and 1 when a part that is there is left alone. Gives 1 when the part is new.
local is_new = redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0
if is_new or ARGV[5] ~= '1' then
  local last = redis.call('ZRANGE', KEYS[2], -1, -1, 'WITHSCORES')
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  redis.call('ZADD', KEYS[2], (tonumber(last[2]) or 0) + 1, ARGV[1])
  local excess = redis.call('ZCARD', KEYS[2]) - tonumber(ARGV[4])
  if excess > 0 then
    for _, part in ipairs(redis.call('ZRANGE', KEYS[2], 0, excess - 1)) do
      redis.call('HDEL', KEYS[1], part)
    end
    redis.call('ZREMRANGEBYRANK', KEYS[2], 0, excess - 1)
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return is_new and 1 or 0
