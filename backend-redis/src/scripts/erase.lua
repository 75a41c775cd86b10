-- Removes everything of a player but the fence.
-- KEYS: the player, then the key of each thing
-- ARGV: the name of each field that lists one, and what the field has
be_primary()
local player = read_player()
if player.session then
  return with_holder('locked', player)
end
local things = {}
for field, what in pairs(player) do
  if is_listing(field) then
    things[#things + 1] = field
    things[#things + 1] = what
  end
end
local declared = #things == #ARGV
for i = 1, #ARGV, 2 do
  declared = declared and player[ARGV[i]] == ARGV[i + 1]
end
if not declared then
  return declare(things)
end
for i = 2, #KEYS do
  redis.call('DEL', KEYS[i])
  redis.call('HDEL', KEYS[1], ARGV[2 * i - 3])
end
return { 'erased', player.fence and not player.lost and 'known' or 'unknown' }
