-- The names of keys, which the caller declares as well, as far as they exist.
local function rest_key(slot)
  return KEYS[1] .. ':' .. slot
end

local function claim_key(slot, session, number)
  return rest_key(slot) .. ':' .. session .. ':' .. number
end

-- Mailboxes and versions, each a hash of its own at this key.
local function box_key(slot, kind)
  return rest_key(slot) .. ':' .. kind
end
