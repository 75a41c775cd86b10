-- Gives the player's lock back.
-- KEYS: the player, then claim and rest of each slot that is claimed
-- ARGV: session, then each claimed slot and its claim's number
local session, claimed = read_claims()
if session ~= ARGV[1] then
  be_primary()
  return { 'not held' }
end
if not are_declared(claimed, 2) then
  return declare(claimed)
end
withdraw_claims(2, 2)
redis.call('HDEL', KEYS[1], 'session', 'server', 'incarnation', 'since')
return { 'released' }
