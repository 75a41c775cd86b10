-- Extends or creates a lease and drains the notices.
-- KEYS: the lease, the latest incarnation, the notices
-- ARGV: incarnation, time to live and time to remember the incarnation, in ms
local latest = redis.call('GET', KEYS[2])
-- Incarnations are hyphenated lower-case hex of one length, so text compares
-- as the numbers do.
if latest and latest > ARGV[1] then
  return { 'superseded', latest }
end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[3])
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local notices = redis.call('LRANGE', KEYS[3], 0, -1)
redis.call('DEL', KEYS[3])
table.insert(notices, 1, 'renewed')
return notices
