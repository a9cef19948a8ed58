-- Every counter with its name: KEYS the counters.
return redis.call('HGETALL', KEYS[1])
