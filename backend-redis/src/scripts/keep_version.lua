-- Keeps a copy of what a slot holds. In a slot's versions the numbers in `order`
-- are revisions, as they were kept: `about:<revision>` has when that was, in ms,
-- and the first line of the value, `value:<revision>` the whole value.
-- KEYS: the player, the versions if declared, where the value is
-- ARGV, from 4 on: session, fence, where the value is, how many versions stay,
--       how old the newest one has to be, in ms
local player = read_player()
local slot, session = ARGV[1], ARGV[4]
if player.session ~= session or player.fence ~= ARGV[5] then
  be_primary()
  return with_holder('lost', player)
end
local most, where = tonumber(ARGV[7]), player['slot:' .. slot]
if most == 0 or not where then
  be_primary()
  return { 'nothing' }
end
if where ~= ARGV[6] then
  return { 'elsewhere', where }
end
local refused = refusal(player)
if refused then
  be_primary()
  return refused
end

local key = where == 'rest' and rest_key(slot) or claim_key(slot, session, where)
local value = redis.call('GET', key)
if value == '' then
  be_primary()
  return { 'nothing' }
end
local revision, encoding, bytes, body =
  string.match(value or '', '^pd1 (%d+) %S+ %d+ (%S+) %d+ (%d+)\n()')
if not revision or #value - body + 1 ~= tonumber(bytes) then
  be_primary()
  return { value and not is_mark(value) and 'damaged' or 'gone' }
end
if encoding == 'deleted' then
  be_primary()
  return { 'nothing' }
end

local order, kept = read_order()
if not order then
  return unreadable('their order')
end
if string.find(' ' .. order, ' ' .. revision .. ' ', 1, true) then
  be_primary()
  return { 'kept', revision }
end
local now, newest = now(), string.match(order, '(%d+) $')
if newest then
  local about = redis.call('HGET', box, 'about:' .. newest) or ''
  local kept_at = tonumber(string.match(about, '^(%d+) '))
  if not kept_at then
    return unreadable('when revision ' .. newest .. ' was kept')
  end
  -- One of the future was kept by a clock that ran ahead.
  if kept_at <= now and now < kept_at + tonumber(ARGV[8]) then
    if string.find(player[field] or '', ' ', 1, true) then
      be_primary()
    else
      -- It was listed by an earlier version of this script.
      list_it(kept, kept_at)
    end
    return { 'recent' }
  end
end
order, kept = order .. revision .. ' ', kept + 1
local about = string.format('%d', now) .. ' ' .. string.sub(value, 1, body - 1)
-- First of the writes, for it fails if there is no room.
redis.call('HSET', box, 'about:' .. revision, about, 'value:' .. revision, value)
while kept > most do
  local oldest = string.match(order, '^%d+')
  redis.call('HDEL', box, 'about:' .. oldest, 'value:' .. oldest)
  order, kept = string.sub(order, #oldest + 2), kept - 1
end
redis.call('HSET', box, 'order', order)
list_it(kept, now)
return { 'kept', revision }
