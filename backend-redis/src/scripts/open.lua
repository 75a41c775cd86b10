-- Opens a slot: moves its value to the key of the claim.
-- KEYS: the player, where the value is unless it is new; unless the hash slot is
--       on the move, also the claim, the key at rest if the value is elsewhere, and
--       the mailbox
-- ARGV: session, slot, claim number, where the value is ('rest', a number, or
--       'new' if it was never opened and its key is not declared), fence
local session, slot, number = ARGV[1], ARGV[2], ARGV[3]
local field = 'slot:' .. slot
local has = redis.call('HMGET', KEYS[1],
  'session', 'fence', field, 'mail:' .. slot, 'versions:' .. slot)
if has[1] ~= session or (ARGV[5] ~= '' and has[2] ~= ARGV[5]) then
  be_primary()
  return with_holder('lost', read_player())
end

local listed, mail, versions = has[3], has[4], has[5] or nil
local where = listed or 'rest'
-- Numbers go beyond what a Lua number holds exactly: they are compared as text.
if where ~= 'rest' and (#number < #where or (#number == #where and number < where)) then
  be_primary()
  return { 'overtaken' }
end
if ARGV[4] == 'new' then
  if listed then
    return { 'declare', slot, where }
  end
elseif where ~= ARGV[4] then
  return { 'declare', slot, where }
end

-- How many letters wait. A mailbox that the hash does not list was made before
-- the hash was lost: who reads it puts that right.
if not mail then
  mail = #KEYS > 3 and redis.call('EXISTS', KEYS[#KEYS]) == 1 and '1' or '0'
end

-- What says when the newest version was kept, if any is, and what the time is.
local seconds, micros
if versions then
  local time = redis.call('TIME')
  seconds, micros = time[1], time[2]
end

local rest = ARGV[4] == 'rest' and KEYS[2] or KEYS[1] .. ':' .. slot
local claim = KEYS[3] or rest .. ':' .. session .. ':' .. number
if where == number then
  be_primary()
  local value = redis.call('GET', claim)
  return value and { 'opened', value, mail, versions, seconds, micros } or { 'vanished' }
end

local value = ''
if listed then
  local source = KEYS[2]
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
redis.call('MSET', rest, mark(session, number))
return { 'opened', value, mail, versions, seconds, micros }
