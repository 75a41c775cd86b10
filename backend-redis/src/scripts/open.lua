-- Opens a slot: moves its value to the key of the claim.
-- KEYS: the player, where the value is unless it is new, the claim unless the
--       hash slot is on the move, the mailbox if that is declared
-- ARGV: session, slot, claim number, where the value is ('rest', a number, or
--       'new' if it was never opened and its key is not declared), fence
local player = read_player()
if player.session ~= ARGV[1] or (ARGV[5] ~= '' and player.fence ~= ARGV[5]) then
  be_primary()
  return with_holder('lost', player)
end

-- Numbers go beyond what a Lua number holds exactly: they are compared as text.
local function less(a, b)
  return #a < #b or (#a == #b and a < b)
end

local slot, number = ARGV[2], ARGV[3]
local field, rest, claim = 'slot:' .. slot, rest_key(slot), claim_key(slot, ARGV[1], number)
local where = player[field] or 'rest'
if where ~= 'rest' and less(number, where) then
  be_primary()
  return { 'overtaken' }
end
if ARGV[4] == 'new' then
  if player[field] then
    return { 'declare', slot, where }
  end
elseif where ~= ARGV[4] then
  return { 'declare', slot, where }
end

-- How many letters wait. A mailbox that the hash does not list was made before
-- the hash was lost: who reads it puts that right.
local mail = player['mail:' .. slot]
if not mail then
  local box = box_key(slot, 'mail')
  mail = KEYS[#KEYS] == box and redis.call('EXISTS', box) == 1 and '1' or '0'
end

if where == number then
  be_primary()
  local value = redis.call('GET', claim)
  return value and { 'opened', value, mail } or { 'vanished' }
end

local value = ''
if player[field] then
  local source = where == 'rest' and rest or claim_key(slot, ARGV[1], where)
  value = redis.call('GET', source)
  if not value or is_mark(value) then
    return { 'vanished' }
  end
  -- The first write: if it is refused, nothing is changed. While the hash slot
  -- moves, a key can be made only alone.
  if redis.pcall('RENAME', source, claim).err then
    redis.call('SET', claim, value)
    redis.call('DEL', source)
  end
else
  -- The hash would list a slot that has a value: it was lost, and made again.
  if ARGV[4] ~= 'new' and redis.call('EXISTS', rest) == 1 then
    -- For an erasure, which then looks for what else is not listed.
    redis.call('HSET', KEYS[1], 'lost', '1')
    return { 'forgotten' }
  end
  -- An empty value, for `SET … XX` to replace.
  redis.call('SET', claim, '')
end
redis.call('HSET', KEYS[1], field, number)
-- `MSET`, so that in the server's statistics `SET`s are saves and openings.
redis.call('MSET', rest, mark(ARGV[1], number))
return { 'opened', value, mail }
