-- Writes a verdict on a trade, unless there is one.
-- KEYS: the trade
-- ARGV: the verdict
redis.call('HSETNX', KEYS[1], 'verdict', ARGV[1])
return { 'decided', redis.call('HGET', KEYS[1], 'verdict') }
