-- Every part under a key with its value, the latest last: KEYS the parts and their order.
local found = {}
for _, part in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  local value = redis.call('HGET', KEYS[1], part)
  if value then
    found[#found + 1] = part
    found[#found + 1] = value
  end
end
return found
