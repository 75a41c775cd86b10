-- Removes values that the player's hash does not list: it was lost.
-- KEYS: the player, then keys of the player
-- ARGV: 'done' once all were looked at
be_primary()
local player = read_player()
if player.session then
  return with_holder('locked', player)
end
local listed = {}
for field, _ in pairs(player) do
  local kind, slot = is_listing(field)
  if kind then
    listed[kind == 'slot' and rest_key(slot) or box_key(slot, kind)] = true
  end
end
for i = 2, #KEYS do
  if not listed[KEYS[i]] then
    redis.call('DEL', KEYS[i])
  end
end
if ARGV[1] == 'done' then
  redis.call('HDEL', KEYS[1], 'lost')
end
return { 'swept' }
