-- Has the id of a letter be remembered for a limited time.
-- ARGV, from 4 on: id, posting, how long to remember it, in ms
be_primary()
local refused = refusal(read_player())
if refused then
  return refused
end
if ARGV[3] ~= 'declared' then
  return { 'done' }
end
local id, posting, now = ARGV[4], ARGV[5], now()
local state = known(id)
if state and not state.word then
  return unreadable('what it has of the id ' .. id)
end
if state and state.posting == posting then
  if state.word == 'waiting' then
    -- Remembered from when it is discarded, which is later.
    redis.call('HSET', box, 'id:' .. id, 'waiting ' .. state.number .. ' ' .. posting .. ' timed')
  else
    remember(id, posting, now, tonumber(ARGV[6]))
  end
end
forget_some(now)
return { 'done' }
