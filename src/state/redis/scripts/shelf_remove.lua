-- Takes a part away: KEYS the parts and their order; ARGV the part. Gives how many there were.
redis.call('ZREM', KEYS[2], ARGV[1])
return redis.call('HDEL', KEYS[1], ARGV[1])
