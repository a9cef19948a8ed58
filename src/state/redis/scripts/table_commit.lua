-- Changes a table that still has the version that is known: KEYS the table; ARGV that version, the next one, how many rows
-- are put, those rows with their values, and the rows that go. Gives 1 when it is done.
if (redis.call('HGET', KEYS[1], '') or '') ~= ARGV[1] then
  return 0
end
local last = 3 + 2 * tonumber(ARGV[3])
for place = 4, last, 2 do
  redis.call('HSET', KEYS[1], ARGV[place], ARGV[place + 1])
end
for place = last + 1, #ARGV do
  redis.call('HDEL', KEYS[1], ARGV[place])
end
redis.call('HSET', KEYS[1], '', ARGV[2])
return 1
