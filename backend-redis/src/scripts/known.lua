-- Lists the letters that a mailbox knows, in no order: those that wait, and
-- those whose ids are remembered.
be_primary()
local refused = refusal(read_player())
if refused then
  return refused
end
local answer = { 'known' }
if ARGV[3] ~= 'declared' then
  return answer
end
local now = now()
for _, field in ipairs(redis.call('HKEYS', box)) do
  local id = string.match(field, '^id:(.*)$')
  if id then
    local state = known(id)
    if not state.word then
      return unreadable('what it has of the id ' .. id)
    end
    local waits, retention = state.word == 'waiting', state.last
    if not waits then
      retention = state.last == 'unsettled' and 'until-settled' or 'timed'
    end
    if waits or state.last == 'unsettled' or tonumber(state.last) > now then
      answer[#answer + 1] = id
      answer[#answer + 1] = state.posting
      answer[#answer + 1] = retention
      answer[#answer + 1] = waits and 'waits' or 'past'
    end
  end
end
return answer
