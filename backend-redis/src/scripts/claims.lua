-- What scripts start with that withdraw the claims of a session. The caller
-- declares their keys in pairs, claim and rest, as the last of KEYS, and in ARGV,
-- from ARGV[first] on, each slot and its claim's number.

-- Who holds the player, and the slots that are claimed, each followed by its
-- claim's number.
local function read_claims()
  local flat, session, claimed = redis.call('HGETALL', KEYS[1]), nil, {}
  for i = 1, #flat, 2 do
    local field, what = flat[i], flat[i + 1]
    if field == 'session' then
      session = what
    elseif what ~= 'rest' and string.sub(field, 1, 5) == 'slot:' then
      claimed[#claimed + 1] = string.sub(field, 6)
      claimed[#claimed + 1] = what
    end
  end
  return session, claimed
end

-- Whether the claims that the caller declared are exactly these: only then are
-- their keys in KEYS.
local function are_declared(claimed, first)
  if #claimed ~= #ARGV - first + 1 then
    return false
  end
  local numbers = {}
  for i = 1, #claimed, 2 do
    numbers[claimed[i]] = claimed[i + 1]
  end
  for i = first, #ARGV, 2 do
    if numbers[ARGV[i]] ~= ARGV[i + 1] then
      return false
    end
    numbers[ARGV[i]] = nil -- one that is declared twice is not another
  end
  return true
end

-- Moves every claimed value back to rest, which kills the claims: their key
-- names are never used again.
local function withdraw_claims(key, first)
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
