-- Adds to counters: KEYS the counters; ARGV names, each with what to add.
for place = 1, #ARGV, 2 do
  redis.call('HINCRBY', KEYS[1], ARGV[place], ARGV[place + 1])
end
return 1
