-- What scripts on a mailbox add to that. The numbers in `order` are positions:
-- `letter:<position>` has the letter. `last` is the last position that was
-- given out. `id:<id>` says of a letter's id either
--   waiting <position> <posting> <retention>
-- or that the letter was discarded, and until when, in ms, its id is remembered:
--   past <number> <posting> <until, or 'unsettled'>
-- with its number in the queue of ids to forget: `queue:<number>` has the id,
-- `first` is the number that is looked at next, `queued` the last one.

-- Reads it; without a word, if it can't be read.
local function known(id)
  local state = redis.call('HGET', box, 'id:' .. id)
  if not state then
    return nil
  end
  local word, number, posting, last = string.match(state, '^(%l+) (%S+) (%S+) (%S+)$')
  local is_past = word == 'past' and (last == 'unsettled' or tonumber(last))
  if word ~= 'waiting' and not is_past then
    return {}
  end
  return { word = word, number = number, posting = posting, last = last }
end

local function remember(id, posting, now, memory)
  local number = string.format('%d', redis.call('HINCRBY', box, 'queued', 1))
  local past = 'past ' .. number .. ' ' .. posting .. ' ' .. string.format('%d', now + memory)
  redis.call('HSET', box, 'queue:' .. number, id, 'id:' .. id, past)
end

-- Forgets ids whose time is over: a few, and more than one call can add.
local function forget_some(now)
  local first = tonumber(redis.call('HGET', box, 'first')) or 1
  local last = math.min(first + 15, tonumber(redis.call('HGET', box, 'queued')) or 0)
  for at = first, last do
    local number = string.format('%d', at)
    local id = redis.call('HGET', box, 'queue:' .. number)
    local state = id and known(id)
    if state and state.word == 'past' and state.number == number then
      if tonumber(state.last) > now then
        break
      end
      redis.call('HDEL', box, 'id:' .. id)
    end
    redis.call('HDEL', box, 'queue:' .. number)
    redis.call('HSET', box, 'first', string.format('%d', at + 1))
  end
end
