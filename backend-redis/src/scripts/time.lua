-- The fence of a player who has none: a new one, or one whose hash is gone. The
-- time in microseconds is more than any fence that the player ever had: none
-- grows by as much as that.
local function first_fence()
  local time = redis.call('TIME')
  return time[1] .. string.sub('00000' .. time[2], -6)
end

-- The time by the server's clock, in ms since 1970.
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
