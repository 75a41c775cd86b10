-- Whether a player has a record, a letter that waits, or a version.
-- KEYS: the player
-- It reads values whose keys are not declared: it changes nothing, so that it
-- leaves nothing half done where one of them is on another node.
be_primary()
local player = read_player()
for field, what in pairs(player) do
  local kind, slot = is_listing(field)
  if kind == 'slot' then
    local rest = what == 'rest'
    local key = rest and rest_key(slot) or claim_key(slot, player.session or '', what)
    local start = redis.call('GETRANGE', key, 0, 159)
    local is_deleted = string.find(start, '^pd1 %d+ %S+ %d+ deleted ')
    -- One that is gone was there: who looks at the player is to find that out.
    if start == '' and redis.call('EXISTS', key) == 0 or start ~= '' and not is_deleted then
      return { 'something' }
    end
  elseif kind and what ~= '0' then
    return { 'something' }
  end
end
return { 'nothing' }
