-- Queues a notice.
-- KEYS: the notices
-- ARGV: the notice, the most that wait, how long they wait at most in ms
if redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[2]) then
  return { 'full' }
end
redis.call('RPUSH', KEYS[1], ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return { 'queued' }
