-- The mark at rest of a slot whose value a claim has.
local function mark(session, number)
  return 'pdc1 ' .. session .. ' ' .. number .. '\n'
end

local function is_mark(value)
  return string.sub(value, 1, 3) == 'pdc'
end
