-- Removes everything of a player but the fence.
-- KEYS: the player, then the key of each slot
-- ARGV: each slot and where its value is ('rest')
be_primary()
local player = read_player()
if player.session then
  return with_holder('locked', player)
end
local slots = slots_where(player, function() return true end)
if not declared(slots, player, 1) then
  return declare(slots)
end
for i = 2, #KEYS do
  redis.call('DEL', KEYS[i])
  redis.call('HDEL', KEYS[1], 'slot:' .. ARGV[2 * i - 3])
end
return { 'erased', player.fence and not player.lost and 'known' or 'unknown' }
