-- Takes a lease that nobody holds: KEYS the lease; ARGV the taker's mark and the time in ms after which it lapses. Gives 1
-- when it is taken.
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then
  return 1
end
return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0
