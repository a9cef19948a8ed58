-- Every note that is up, with its name, the one that stays longest first: KEYS the notes and when each ends.
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local found = {}
for _, name in ipairs(redis.call('ZREVRANGEBYSCORE', KEYS[2], '+inf', '(' .. now)) do
  local text = redis.call('HGET', KEYS[1], name)
  if text then
    found[#found + 1] = name
    found[#found + 1] = text
  end
end
return found
