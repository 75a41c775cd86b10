-- Puts a letter into a mailbox.
-- ARGV, from 4 on: id, posting, retention, the letter, the most that wait
local player = read_player()
local refused = refusal(player)
if refused then
  be_primary()
  return refused
end
local id, posting, now = ARGV[4], ARGV[5], now()
local state = known(id)
if state and not state.word then
  return unreadable('what it has of the id ' .. id)
end
local waits = state and state.word == 'waiting'
if waits or state and (state.last == 'unsettled' or tonumber(state.last) > now) then
  be_primary()
  return { 'known', state.posting, unpack(with_holder('', player), 2) }
end
local order, waiting = read_order()
if not order then
  return unreadable('its order')
end
if waiting >= tonumber(ARGV[8]) then
  be_primary()
  return { 'full' }
end
-- First of the writes, for it fails if there is no room, or `last` is no number.
local position = string.format('%d', redis.call('HINCRBY', box, 'last', 1))
redis.call('HSET', box, 'order', order .. position .. ' ', 'letter:' .. position, ARGV[7],
  'id:' .. id, 'waiting ' .. position .. ' ' .. posting .. ' ' .. ARGV[6])
if not player.fence then
  redis.call('HSET', KEYS[1], 'fence', first_fence())
end
list_it(waiting + 1)
forget_some(now)
return with_holder('posted', player)
