-- Takes notes down: KEYS the notes and when each ends; ARGV their names, or none for all.
if #ARGV == 0 then
  return redis.call('DEL', KEYS[1], KEYS[2])
end
redis.call('ZREM', KEYS[2], unpack(ARGV))
return redis.call('HDEL', KEYS[1], unpack(ARGV))
