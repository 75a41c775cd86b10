-- Takes the player's lock.
-- KEYS: the player, then claim and rest of each slot that is claimed
-- ARGV: session, server, incarnation, since, session to replace or '',
--       then each claimed slot and its claim's number
local player = read_player()
if player.session == ARGV[1] then
  be_primary()
  return { 'acquired', player.fence }
end
if player.session and player.session ~= ARGV[5] then
  be_primary()
  return with_holder('held', player)
end
local claimed = slots_where(player, is_claimed)
if not declared(claimed, player, 6) then
  return declare(claimed)
end
if player.fence then
  -- First of the writes, since it fails if the fence is not a number.
  redis.call('HINCRBY', KEYS[1], 'fence', 1)
else
  redis.call('HSET', KEYS[1], 'fence', first_fence())
end
withdraw_claims(6)
redis.call('HSET', KEYS[1],
  'session', ARGV[1], 'server', ARGV[2], 'incarnation', ARGV[3], 'since', ARGV[4])
return { 'acquired', redis.call('HGET', KEYS[1], 'fence') }
