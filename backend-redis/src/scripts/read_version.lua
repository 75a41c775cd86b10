-- Reads one version of a slot.
-- ARGV, from 4 on: the revision
be_primary()
local refused = refusal(read_player())
if refused then
  return refused
end
if ARGV[3] ~= 'declared' then
  return { 'none' }
end
local value = redis.call('HGET', box, 'value:' .. ARGV[4])
if value then
  return { 'version', value }
end
local order = read_order()
if not order then
  return unreadable('their order')
end
if string.find(' ' .. order, ' ' .. ARGV[4] .. ' ', 1, true) then
  return unreadable('revision ' .. ARGV[4])
end
return { 'none' }
