-- After a write under a claim, on a server that may evict the player's hash:
-- whether the hash still has the claim. What is looked at here counts as used,
-- so that it is evicted no sooner than the value.
-- KEYS: the player, the claim, where the value would be at rest
-- ARGV: session, slot, claim number
be_primary()
redis.call('STRLEN', KEYS[3])
local held = redis.call('HMGET', KEYS[1], 'session', 'slot:' .. ARGV[2])
if (held[1] ~= ARGV[1] or held[2] ~= ARGV[3]) and redis.call('EXISTS', KEYS[2]) == 1 then
  return { 'forgotten' }
end
return { 'known' }
