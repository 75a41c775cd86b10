-- Notes that one party of a trade has acted on the verdict. Once both have, the
-- verdict stays for a limited time.
-- KEYS: the trade
-- ARGV: the party, how long, in ms
if redis.call('HEXISTS', KEYS[1], 'verdict') == 1 then
  redis.call('HSET', KEYS[1], ARGV[1], '1')
  local acted = redis.call('HMGET', KEYS[1], 'first', 'second')
  if acted[1] and acted[2] then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
  end
end
return { 'noted' }
