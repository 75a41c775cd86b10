-- Why a `SET … XX` on a claim's key found no key.
-- KEYS: the player, the claim
-- ARGV: session, slot, claim number
be_primary()
local player = read_player()
if player.session ~= ARGV[1] then
  return with_holder('lost', player)
end
if player['slot:' .. ARGV[2]] == ARGV[3] and redis.call('EXISTS', KEYS[2]) == 0 then
  return { 'vanished' }
end
return { 'overtaken' }
