-- Of a field that lists a key, what it lists and of which slot.
local function is_listing(field)
  local kind, slot = string.match(field, '^(%l+):(.+)$')
  if kind == 'slot' or kind == 'mail' or kind == 'versions' then
    return kind, slot
  end
end
