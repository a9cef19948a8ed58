-- The version of a table, and its rows when that is another than the one that is known: KEYS the table; ARGV the known
-- version. The version rests in the row without a name.
local version = redis.call('HGET', KEYS[1], '') or ''
if version == ARGV[1] then
  return {version}
end
local rows = redis.call('HGETALL', KEYS[1])
table.insert(rows, 1, version)
return rows
