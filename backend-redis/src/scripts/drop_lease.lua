-- Ends a lease.
-- KEYS: the lease, the latest incarnation, the notices
-- ARGV: incarnation
if redis.call('GET', KEYS[2]) == ARGV[1] then
  redis.call('DEL', KEYS[1], KEYS[3])
end
return { 'dropped' }
