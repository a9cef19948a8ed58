-- Puts off the end of a lease: KEYS the lease; ARGV its holder's mark and the time in ms. One that has lapsed and that
-- nobody has taken since is taken again. Gives 0 when another holds it.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
