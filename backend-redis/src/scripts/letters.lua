-- Reads the letters that wait in a mailbox.
-- ARGV, from 4 on: the position before the first one, how many at the most
be_primary()
local refused = refusal(read_player())
if refused then
  return refused
end
local answer = { 'letters' }
if ARGV[3] ~= 'declared' then
  return answer
end
local order = read_order()
if not order then
  return unreadable('its order')
end
local after, room = tonumber(ARGV[4]), tonumber(ARGV[5])
for position in string.gmatch(order, '%d+') do
  if room <= 0 then
    break
  end
  if tonumber(position) > after then
    local letter = redis.call('HGET', box, 'letter:' .. position)
    local id = letter and string.match(letter, '^pl1 (%S+) ')
    local state = id and known(id)
    if not state or state.word ~= 'waiting' or state.number ~= position then
      return unreadable('the letter at ' .. position)
    end
    answer[#answer + 1] = position
    answer[#answer + 1] = state.last
    answer[#answer + 1] = letter
    room = room - 1
  end
end
return answer
