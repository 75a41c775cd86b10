-- Lists the versions of a slot, without their bodies.
be_primary()
local refused = refusal(read_player())
if refused then
  return refused
end
local answer = { 'versions' }
if ARGV[3] ~= 'declared' then
  return answer
end
local order = read_order()
if not order then
  return unreadable('their order')
end
for revision in string.gmatch(order, '%d+') do
  local about = redis.call('HGET', box, 'about:' .. revision) or ''
  local kept_at, header = string.match(about, '^(%d+) (.*)$')
  if not kept_at then
    return unreadable('when revision ' .. revision .. ' was kept')
  end
  answer[#answer + 1] = revision
  answer[#answer + 1] = kept_at
  answer[#answer + 1] = header
end
return answer
