-- Takes the player's lock, and may open a slot with it.
-- KEYS: the player; if a slot is to be opened, where its value is at rest, and its
--       mailbox; then claim and rest of each slot that is claimed
-- ARGV: session, server, incarnation, since, session to replace or '', slot to open
--       or '', then each claimed slot and its claim's number
local slot = ARGV[6]
local has = slot == '' and redis.call('HMGET', KEYS[1], 'session', 'fence')
  or redis.call('HMGET', KEYS[1],
    'session', 'fence', 'slot:' .. slot, 'mail:' .. slot, 'versions:' .. slot)
local former, fence = has[1], has[2]
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
  if not are_declared(claimed, 7) then
    return declare(claimed)
  end
end
if not fence then
  fence = first_fence()
elseif #fence < 17 and not string.find(fence, '%D') and fence + 1 < 9007199254740992 then
  fence = string.format('%d', fence + 1)
else
  -- Beyond what a Lua number holds exactly, or no number at all: then it fails,
  -- and nothing is changed.
  redis.call('HINCRBY', KEYS[1], 'fence', 1)
  fence = redis.call('HGET', KEYS[1], 'fence')
end
if former then
  -- Whom nobody holds has no claims.
  withdraw_claims(slot == '' and 2 or 4, 7)
  slot = ''
end

-- The slot is opened if all is as it should be: whoever opens it by itself finds
-- out what is not.
local value, number
if slot ~= '' and #fence < 18 then
  local rest = KEYS[2]
  local claim = rest .. ':' .. ARGV[1] .. ':' .. fence .. '0'
  if has[3] == 'rest' then
    value = redis.call('GET', rest)
    -- The first write: if it is refused, as while the hash slot moves, nothing is
    -- changed.
    if value and (is_mark(value) or redis.pcall('RENAME', rest, claim).err) then
      value = nil
    end
  elseif not has[3] and redis.call('EXISTS', rest) == 0 then
    value = ''
    redis.call('SET', claim, value)
  end
  number = value and fence .. '0'
end
if not number then
  redis.call('HSET', KEYS[1], 'fence', fence,
    'session', ARGV[1], 'server', ARGV[2], 'incarnation', ARGV[3], 'since', ARGV[4])
  return { 'acquired', fence }
end
redis.call('HSET', KEYS[1], 'fence', fence,
  'session', ARGV[1], 'server', ARGV[2], 'incarnation', ARGV[3], 'since', ARGV[4],
  'slot:' .. slot, number)
-- `MSET`, so that in the server's statistics `SET`s are saves and openings.
redis.call('MSET', KEYS[2], mark(ARGV[1], number))

local mail, versions = has[4], has[5] or nil
if not mail then
  -- A mailbox that the hash does not list: see where slots are opened.
  mail = redis.call('EXISTS', KEYS[3]) == 1 and '1' or '0'
end
local seconds, micros
if versions then
  local time = redis.call('TIME')
  seconds, micros = time[1], time[2]
end
return { 'acquired', fence, value, mail, versions, seconds, micros }
