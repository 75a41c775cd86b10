-- What every script on a player's keys starts with. KEYS[1] is the player's
-- hash: `fence`, the lock's fields while somebody holds the player, and per
-- slot `slot:<name>`: 'rest', or the number of the claim that has its value.
-- While a claim has it, the key at rest holds a mark that says so. `mail:<name>`
-- is there if the slot has a mailbox, and says how many letters wait in it;
-- `versions:<name>` if versions of it are kept: how many, and since lately also
-- when the newest one was kept, in ms. `lost` is there if something was found
-- that the hash does not list.

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
