-- What proves the key that values are sealed with: KEYS the proof; ARGV the one to leave where there is none yet.
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
