-- Names some of the keys of one server, and says how that sees itself at the
-- same moment.
-- ARGV: the cursor, the pattern, about how many keys to look at
local info = redis.call('INFO', 'server')
local role = string.match(redis.call('INFO', 'replication'), 'role:(%a+)')
-- Of a node of a Cluster, what it says of itself and its hash slots.
local myself = ''
if string.find(info, '_mode:cluster', 1, true) then
  for line in string.gmatch(redis.call('CLUSTER', 'NODES'), '[^\n]+') do
    if string.find(line, 'myself', 1, true) then
      myself = line
    end
  end
end
local page = redis.call('SCAN', ARGV[1], 'MATCH', ARGV[2], 'COUNT', ARGV[3])
local answer = { 'page', string.match(info, 'run_id:(%x+)') or '-', role or '', myself, page[1] }
for i, key in ipairs(page[2]) do
  answer[i + 5] = key
end
return answer
