-- Lets a lease go, unless another holds it: KEYS the lease; ARGV its holder's mark.
if redis.call('GET', KEYS[1]) == ARGV[1] then
  return redis.call('DEL', KEYS[1])
end
return 0
