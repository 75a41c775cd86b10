-- Reads some of a player's fields, of the primary.
-- KEYS: the player
-- ARGV: the fields
be_primary()
local answer = { 'fields' }
for i, value in ipairs(redis.call('HMGET', KEYS[1], unpack(ARGV))) do
  answer[i + 1] = value or ''
end
return answer
