-- Writes a verdict on a trade, unless there is one. An abort stays for a limited
-- time.
-- KEYS: the trade
-- ARGV: the verdict, how long an abort stays, in ms
if redis.call('HSETNX', KEYS[1], 'verdict', ARGV[1]) == 1 and ARGV[1] == 'abort' then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return { 'decided', redis.call('HGET', KEYS[1], 'verdict') }
