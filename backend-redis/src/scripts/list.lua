-- Reads the headers of all slots, as they are at one moment.
-- KEYS: the player, then the key of each slot
-- ARGV: how many bytes to read of each value,
--       then each slot and where its value is ('rest' or a claim number)
be_primary()
local player = read_player()
local slots = slots_where(player, function() return true end)
if not declared(slots, player, 2) then
  table.insert(slots, 1, player.session or '')
  return declare(slots)
end
local answer = { 'list' }
for i = 2, #KEYS do
  answer[#answer + 1] = ARGV[2 * i - 2]
  local there = redis.call('EXISTS', KEYS[i]) == 1
  answer[#answer + 1] = there and 'there' or 'gone'
  answer[#answer + 1] = redis.call('GETRANGE', KEYS[i], 0, ARGV[1] - 1)
  answer[#answer + 1] = string.format('%d', redis.call('STRLEN', KEYS[i]))
end
return answer
