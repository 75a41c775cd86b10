-- How long a server's lease lives, in ms.
-- KEYS: the lease
-- ARGV: incarnation
-- `GETEX` is a write, which a replica refuses: it may have missed renewals.
if redis.call('GETEX', KEYS[1]) ~= ARGV[1] then
  return { 'none' }
end
return { 'live', string.format('%d', redis.call('PTTL', KEYS[1])) }
