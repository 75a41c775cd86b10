-- Reads the headers of all slots, as they are at one moment.
-- KEYS: the player, then the key of each slot
-- ARGV: how many bytes to read of each value,
--       then each slot and where its value is ('rest' or a claim number)
be_primary()
local player = read_player()
local slots = {}
for field, where in pairs(player) do
  if string.sub(field, 1, 5) == 'slot:' then
    slots[#slots + 1] = string.sub(field, 6)
    slots[#slots + 1] = where
  end
end
local declared = #slots == #ARGV - 1
for i = 2, #ARGV, 2 do
  declared = declared and player['slot:' .. ARGV[i]] == ARGV[i + 1]
end
if not declared then
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
