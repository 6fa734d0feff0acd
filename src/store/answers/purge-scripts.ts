import { redisScript } from '../../core/redis.ts';

/** The time of the server in milliseconds, the same for all who ask: a script sees it stand still. */
const serverTime = `local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

/**
 * Writes down what was purged. Each has a time of its own, later than all before it, also where the clock of the server is not.
 * Where there are too many, a tenth goes, and what is given for it stands in its place, at the time of the last one.
 *
 * KEYS: the list. ARGV: what was purged, the most that are kept, for how many milliseconds, what stands for those that went or ''.
 * Returns its time.
 */
export const addScript = redisScript(
  'purge',
  `${serverTime}
local last = redis.call('ZREVRANGE', KEYS[1], 0, 0, 'WITHSCORES')
if last[2] and tonumber(last[2]) >= now then now = tonumber(last[2]) + 1 end
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[3])
local most = tonumber(ARGV[2])
local over = redis.call('ZCARD', KEYS[1]) - most
if over > 0 then
  local gone = over + math.floor(most / 10)
  local latest = redis.call('ZRANGE', KEYS[1], gone - 1, gone - 1, 'WITHSCORES')
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, gone - 1)
  if ARGV[4] ~= '' then redis.call('ZADD', KEYS[1], latest[2], ARGV[4]) end
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return now
`,
);

/**
 * What was purged since.
 *
 * KEYS: the list of purges, the list of keys. ARGV: from which time on in each, as a bound of ZRANGEBYSCORE; the most of each.
 * Returns the time of the server, and of each list what was purged and when, in turn, the earliest first.
 */
export const readScript = redisScript(
  'purges since',
  `${serverTime}
local function since(list, from)
  return redis.call('ZRANGEBYSCORE', list, from, '+inf', 'WITHSCORES', 'LIMIT', 0, ARGV[3])
end
return { now, since(KEYS[1], ARGV[1]), since(KEYS[2], ARGV[2]) }
`,
  { readOnly: true },
);

/**
 * Keeps a variant under a key, unless all there was dropped since it was asked for. Others make room where there are too many, or too much.
 *
 * KEYS: a hash of variants. ARGV: the name of the variant, its value, when it was asked for by the server's clock, for how many
 * milliseconds it is of use, the most variants, the most octets of all.
 * Returns 1 when it is kept, else 0.
 */
export const putScript = redisScript(
  'keep an answer',
  `local dropped = redis.call('HGET', KEYS[1], '!')
if dropped and tonumber(dropped) >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
local count, octets = 1, #ARGV[2]
for _, name in ipairs(redis.call('HKEYS', KEYS[1])) do
  if name ~= '!' and name ~= ARGV[1] then
    local size = redis.call('HSTRLEN', KEYS[1], name)
    if count + 1 > tonumber(ARGV[5]) or octets + size > tonumber(ARGV[6]) then
      redis.call('HDEL', KEYS[1], name)
    else
      count = count + 1
      octets = octets + size
    end
  end
end
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[4]) then redis.call('PEXPIRE', KEYS[1], ARGV[4]) end
return 1
`,
);

/**
 * Drops all variants under a key, and remembers when, for those that are on their way.
 *
 * KEYS: a hash of variants. ARGV: the milliseconds after now up to which an answer may say that it was asked for and is meant all the same;
 * for how many milliseconds that is remembered.
 */
export const dropScript = redisScript(
  'drop answers',
  `${serverTime}
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], '!', string.format('%.0f', now + ARGV[1]))
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
`,
);
