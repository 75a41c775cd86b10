-- Names the slots that have a mailbox.
be_primary()
local answer = { 'mailboxes' }
for field in pairs(read_player()) do
  local kind, slot = is_listing(field)
  if kind == 'mail' then
    answer[#answer + 1] = slot
  end
end
return answer
