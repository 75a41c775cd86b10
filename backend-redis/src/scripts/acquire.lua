-- Takes the player's lock.
-- KEYS: the player, then claim and rest of each slot that is claimed
-- ARGV: session, server, incarnation, since, session to replace or '',
--       then each claimed slot and its claim's number
local lock = redis.call('HMGET', KEYS[1], 'session', 'fence')
local former, fence = lock[1], lock[2]
if former == ARGV[1] then
  be_primary()
  return { 'acquired', fence }
end
if former and former ~= ARGV[5] then
  be_primary()
  return with_holder('held', read_player())
end
if former then
  local _, claimed = read_claims()
  if not are_declared(claimed, 6) then
    return declare(claimed)
  end
end
if fence then
  -- First of the writes, since it fails if the fence is not a number. It
  -- answers with a Lua number, which is exact up to 2^53 only.
  local grown = redis.call('HINCRBY', KEYS[1], 'fence', 1)
  fence = grown < 9007199254740992 and string.format('%d', grown)
    or redis.call('HGET', KEYS[1], 'fence')
else
  fence = first_fence()
  redis.call('HSET', KEYS[1], 'fence', fence)
end
if former then
  -- Whom nobody holds has no claims.
  withdraw_claims(6)
end
redis.call('HSET', KEYS[1],
  'session', ARGV[1], 'server', ARGV[2], 'incarnation', ARGV[3], 'since', ARGV[4])
return { 'acquired', fence }
