-- What scripts on a slot's mailbox or its versions start with. Each is one hash:
-- `order` has the numbers of what is in it, each followed by a blank.
-- KEYS[2]: that hash, if it is declared
-- ARGV[1]: the slot; ARGV[2]: which of them; ARGV[3]: whether its key is declared

local field, box = ARGV[2] .. ':' .. ARGV[1], box_key(ARGV[1], ARGV[2])

local function unreadable(what)
  be_primary()
  return { 'unreadable', what }
end

-- The numbers of what is in it, and how many; nil if that can't be read.
local function read_order()
  local order = redis.call('HGET', box, 'order') or ''
  if string.find(order, '[^%d ]') then
    return nil
  end
  local _, number = string.gsub(order, ' ', ' ')
  return order, number
end

-- Of versions, also when the newest one was kept.
local function list_it(number, kept_at)
  local listing = string.format('%d', number)
  if kept_at then
    listing = listing .. ' ' .. string.format('%d', kept_at)
  end
  redis.call('HSET', KEYS[1], field, listing)
end

-- The answer to a caller that can't be served; nil if it can. Only what is new
-- need not be declared: while a hash slot moves, a key that does not exist
-- can't be.
local function refusal(player)
  local listed = player[field]
  if ARGV[3] ~= 'declared' then
    return listed and { 'declare' }
  end
  local there = redis.call('HEXISTS', box, 'order') == 1
  if listed and not there then
    return { 'vanished' }
  end
  if there and not listed then
    -- The player's hash was lost, and made again.
    local _, number = read_order()
    redis.call('HSET', KEYS[1], field, number or 0, 'lost', '1')
  end
end
