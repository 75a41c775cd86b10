-- Opens a slot: moves its value to the key of the claim.
-- KEYS: the player, the claim, where the value is
-- ARGV: session, slot, claim number, where the value is ('rest' or a number)
local player = read_player()
if player.session ~= ARGV[1] then
  return with_holder('lost', player)
end

-- Numbers go beyond what a Lua number holds exactly: they are compared as text.
local function less(a, b)
  return #a < #b or (#a == #b and a < b)
end

local field, claim, source, number = 'slot:' .. ARGV[2], KEYS[2], KEYS[3], ARGV[3]
local where = player[field] or 'rest'
if where ~= 'rest' and less(number, where) then
  return { 'overtaken' }
end
if where ~= ARGV[4] then
  return { 'declare', ARGV[2], where }
end
if where ~= number then
  if redis.call('EXISTS', source) == 1 then
    redis.call('RENAME', source, claim)
  elseif player[field] then
    return { 'vanished' }
  else
    -- A slot that was never written: an empty value, for `SET … XX` to replace.
    redis.call('SET', claim, '')
  end
  redis.call('HSET', KEYS[1], field, number)
end
local value = redis.call('GET', claim)
if not value then
  return { 'vanished' }
end
return { 'opened', value }
