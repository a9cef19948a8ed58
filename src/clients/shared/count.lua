-- What one key has used: judged, counted, renewed, settled or told, as `tally` has the rules. KEYS what it has used, and
-- its answers under way; ARGV what is to be done, the time in ms or nothing for the server's own, how long an answer under
-- way counts, and what belongs to it:
--   admit   the answer's number, requests a minute, tokens a day, credits a day, answers at once; nothing is no limit
--   renew   numbers
--   settle  the answer's number, tokens, credits
--   used    nothing
-- Gives the verdict, the time, what the answer holds, what is under way and what that holds, and what was used.

local DAY = 24 * 3600 * 1000
local KEPT = 90 * DAY
local FIRST_TOKENS, FIRST_CREDITS, PART = 10000, 2, 8

local verb, now, life = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function whole(number)
  return string.format('%.0f', number)
end

local function exact(number)
  return string.format('%.17g', number)
end

if verb == 'renew' then
  for place = 4, #ARGV do
    local slot = redis.call('HGET', KEYS[2], ARGV[place])
    if slot then
      redis.call('HSET', KEYS[2], ARGV[place], (string.gsub(slot, '^%d+', whole(now + life))))
    end
  end
  redis.call('PEXPIRE', KEYS[2], 2 * life)
  return {'renewed'}
end

-- What was used, with the seconds and the day that are over left out.
local names = {'day', 'requests', 'tokens', 'credits', 'usual_tokens', 'usual_credits', 'last_used'}
local found = redis.call('HMGET', KEYS[1], 'seconds', unpack(names))
local tally = {}
for place, name in ipairs(names) do
  tally[name] = tonumber(found[place + 1] or nil) or 0
end
local second, today = math.floor(now / 1000), math.floor(now / DAY)
local seconds, in_minute, is_counted = {}, 0, false
for at, requests in string.gmatch(found[1] or '', '(%d+):(%d+)') do
  at, requests = tonumber(at), tonumber(requests)
  if math.abs(at - second) <= 60 then
    seconds[#seconds + 1] = {at, requests}
    in_minute = in_minute + requests
  end
end
if today > tally.day or tally.day > today + 1 then
  tally.day, tally.requests, tally.tokens, tally.credits = today, 0, 0, 0
end

-- What is under way; what nobody has renewed, or was let in by a clock that was wrong, is not.
local answers, held_tokens, held_credits = 0, 0, 0
local slots = redis.call('HGETALL', KEYS[2])
for place = 1, #slots, 2 do
  local ends, tokens, credits = string.match(slots[place + 1], '^(%d+) (%S+) (%S+)$')
  ends = tonumber(ends)
  if verb == 'settle' and slots[place] == ARGV[4] or not ends or ends <= now or ends > now + 2 * life then
    redis.call('HDEL', KEYS[2], slots[place])
  else
    answers = answers + 1
    held_tokens, held_credits = held_tokens + tonumber(tokens), held_credits + tonumber(credits)
  end
end

local verdict, hold_tokens, hold_credits = 'told', 0, 0
local is_changed = false
if verb == 'admit' then
  local minute, tokens, credits, streams =
    tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
  if tokens then
    hold_tokens = tally.usual_tokens
    if hold_tokens == 0 then
      hold_tokens = math.min(FIRST_TOKENS, math.floor(tokens / PART))
    end
  end
  if credits then
    hold_credits = tally.usual_credits
    if hold_credits == 0 then
      hold_credits = math.min(FIRST_CREDITS, credits / PART)
    end
  end
  local left_tokens = tokens and math.max(tokens - tally.tokens, 0)
  local left_credits = credits and math.max(credits - tally.credits, 0)
  if tokens and left_tokens <= 0 then
    verdict = 'tokens'
  elseif credits and left_credits <= 0 then
    verdict = 'credits'
  elseif minute and in_minute >= minute then
    verdict = 'requests'
  elseif tokens and answers > 0 and held_tokens + hold_tokens > left_tokens then
    verdict = 'tokens'
  elseif credits and answers > 0 and held_credits + hold_credits > left_credits then
    verdict = 'credits'
  elseif streams and answers >= streams then
    verdict = 'streams'
  else
    verdict = 'admitted'
    is_changed = true
    for _, counted in ipairs(seconds) do
      if counted[1] == second then
        counted[2] = counted[2] + 1
        is_counted = true
      end
    end
    if not is_counted then
      seconds[#seconds + 1] = {second, 1}
    end
    tally.requests = tally.requests + 1
    tally.last_used = math.max(tally.last_used, now)
    local slot = whole(now + life) .. ' ' .. whole(hold_tokens) .. ' ' .. exact(hold_credits)
    redis.call('HSET', KEYS[2], ARGV[4], slot)
    redis.call('PEXPIRE', KEYS[2], 2 * life)
  end
elseif verb == 'settle' then
  is_changed = true
  local tokens, credits = tonumber(ARGV[5]), tonumber(ARGV[6])
  tally.tokens, tally.credits = tally.tokens + tokens, tally.credits + credits
  if tokens > 0 then
    local sunk = tally.usual_tokens - math.floor(math.max(tally.usual_tokens - tokens, 0) / 8)
    tally.usual_tokens = math.max(sunk, tokens)
  end
  if credits > 0 then
    local sunk = tally.usual_credits - math.max(tally.usual_credits - credits, 0) / 8
    tally.usual_credits = math.max(sunk, credits)
  end
end

local written = {}
for place, counted in ipairs(seconds) do
  written[place] = whole(counted[1]) .. ':' .. whole(counted[2])
end
local texts = {
  table.concat(written, ','), whole(tally.day), whole(tally.requests), whole(tally.tokens), exact(tally.credits),
  whole(tally.usual_tokens), exact(tally.usual_credits), whole(tally.last_used),
}
if is_changed then
  local fields = {'seconds', texts[1]}
  for place, name in ipairs(names) do
    fields[#fields + 1] = name
    fields[#fields + 1] = texts[place + 1]
  end
  redis.call('HSET', KEYS[1], unpack(fields))
  redis.call('PEXPIRE', KEYS[1], KEPT)
end
return {
  verdict, whole(now), whole(hold_tokens), exact(hold_credits), tostring(answers), whole(held_tokens),
  exact(held_credits), unpack(texts)
}
