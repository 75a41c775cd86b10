-- Reads the headers of all slots, as they are at one moment.
-- KEYS: the player, then the key of each slot
-- ARGV: how many bytes to read of each value,
--       then each slot and where its value is ('rest' or a claim number)
local player = read_player()
local slots = slots_where(player, function() return true end)
if not declared(slots, player, 2) then
  table.insert(slots, 1, player.session or '')
  return declare(slots)
end
local answer = { 'list' }
for i = 2, #KEYS do
  local slot = ARGV[2 * i - 2]
  if redis.call('EXISTS', KEYS[i]) == 0 then
    return { 'vanished', slot }
  end
  answer[#answer + 1] = slot
  answer[#answer + 1] = redis.call('GETRANGE', KEYS[i], 0, ARGV[1] - 1)
end
return answer
