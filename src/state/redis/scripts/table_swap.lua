-- Replaces one row, wherever the table has gone since, unless that row was changed: KEYS the table; ARGV the row, what it
-- held (empty for a row that was not there), what it is to hold, and what marks the table's next version. Gives 1 when it
-- is done.
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then
  return 0
end
local version = redis.call('HGET', KEYS[1], '') or ''
local number = tonumber(string.match(version, '^%d+') or '0') + 1
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3], '', string.format('%d-%s', number, ARGV[4]))
return 1
