-- What every script on a player's keys starts with. KEYS[1] is the player's
-- hash: `fence`, the lock's fields while somebody holds the player, and per
-- slot `slot:<name>`: 'rest', or the number of the claim that has its value.
-- While a claim has it, the key at rest holds a mark that says so. `mail:<name>`
-- is there if the slot has a mailbox, and says how many letters wait in it;
-- `versions:<name>` if versions of it are kept, and how many. `lost` is there if
-- something was found that the hash does not list.

local function read_player()
  local flat, player = redis.call('HGETALL', KEYS[1]), {}
  for i = 1, #flat, 2 do
    player[flat[i]] = flat[i + 1]
  end
  return player
end

-- Changes nothing, but as a write: a replica refuses it, and with it an answer
-- that may be out of date and that somebody decides by.
local function be_primary()
  redis.call('HDEL', KEYS[1], '')
end

-- An answer that names who holds the player, if anybody does.
local function with_holder(what, player)
  return { what, player.session, player.server, player.incarnation, player.since, player.fence }
end

-- The fence of a player who has none: a new one, or one whose hash is gone. The
-- time in microseconds is more than any fence that the player ever had: none
-- grows by as much as that.
local function first_fence()
  local time = redis.call('TIME')
  return time[1] .. string.sub('00000' .. time[2], -6)
end

-- The time by the server's clock, in ms since 1970.
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

-- The names of keys, which the caller declares as well, as far as they exist.
local function rest_key(slot)
  return KEYS[1] .. ':' .. slot
end

local function claim_key(slot, session, number)
  return rest_key(slot) .. ':' .. session .. ':' .. number
end

-- The mark at rest of a slot whose value a claim has.
local function mark(session, number)
  return 'pdc1 ' .. session .. ' ' .. number .. '\n'
end

local function is_mark(value)
  return string.sub(value, 1, 3) == 'pdc'
end

-- The slots that are where `wanted` says, each followed by where that is.
local function slots_where(player, wanted)
  local found = {}
  for field, where in pairs(player) do
    if string.sub(field, 1, 5) == 'slot:' and wanted(where) then
      found[#found + 1] = string.sub(field, 6)
      found[#found + 1] = where
    end
  end
  return found
end

-- Whether the slots and places that the caller declared, from ARGV[first] on,
-- are exactly those found: only then are their keys in KEYS.
local function declared(found, player, first)
  if #found ~= #ARGV - first + 1 then
    return false
  end
  for i = first, #ARGV, 2 do
    if player['slot:' .. ARGV[i]] ~= ARGV[i + 1] then
      return false
    end
  end
  return true
end

-- The answer to a caller that declared the wrong keys. Nothing was changed;
-- it asks again with these.
local function declare(found)
  table.insert(found, 1, 'declare')
  return found
end

-- Mailboxes and versions, each a hash of its own at this key.
local function box_key(slot, kind)
  return rest_key(slot) .. ':' .. kind
end

-- Of a field that lists a key, what it lists and of which slot.
local function is_listing(field)
  local kind, slot = string.match(field, '^(%l+):(.+)$')
  if kind == 'slot' or kind == 'mail' or kind == 'versions' then
    return kind, slot
  end
end

local function is_claimed(where)
  return where ~= 'rest'
end

-- Moves every claimed value back to rest, which kills the claims: their key
-- names are never used again. The keys come in pairs, claim and rest, from
-- KEYS[2] on; their slots from ARGV[first] on.
local function withdraw_claims(first)
  local key = 2
  for i = first, #ARGV, 2 do
    local field, claim, rest = 'slot:' .. ARGV[i], KEYS[key], KEYS[key + 1]
    key = key + 2
    if redis.call('STRLEN', claim) > 0 then
      redis.call('RENAME', claim, rest)
      redis.call('HSET', KEYS[1], field, 'rest')
    elseif redis.call('DEL', claim) == 1 then
      -- An empty value: the slot was opened and never written.
      redis.call('DEL', rest)
      redis.call('HDEL', KEYS[1], field)
    else
      -- The value vanished. The mark at rest stays, so that the next opening
      -- finds that out and says so.
      redis.call('HSET', KEYS[1], field, 'rest')
    end
  end
end
