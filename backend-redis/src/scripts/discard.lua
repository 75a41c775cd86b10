-- Takes a letter out of a mailbox and remembers its id.
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
if state and state.word == 'waiting' and state.posting == posting then
  local order, waiting = read_order()
  local from, to = string.find(' ' .. (order or ''), ' ' .. state.number .. ' ', 1, true)
  if not from then
    return unreadable('its order')
  end
  order = string.sub(order, 1, from - 1) .. string.sub(order, to)
  if state.last == 'timed' then
    remember(id, posting, now, tonumber(ARGV[6]))
  else
    redis.call('HSET', box, 'id:' .. id, 'past - ' .. posting .. ' unsettled')
  end
  redis.call('HSET', box, 'order', order)
  redis.call('HDEL', box, 'letter:' .. state.number)
  list_it(waiting - 1)
end
forget_some(now)
return { 'done' }
