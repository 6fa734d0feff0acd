import type { Clock } from '../../src/core/clock.ts';
import { type RedisLink, redisScript, type RedisScript } from '../../src/core/redis.ts';

/**
 * Stands in front of a script: the time is its last argument, and keys do not expire by the time of the server. The text behind it
 * is the real one.
 */
const prelude = `
local given = table.remove(ARGV)
local server = redis
local redis = {
  call = function(name, ...)
    if name == 'TIME' then return { tostring(math.floor(given / 1000)), tostring(given % 1000 * 1000) } end
    if name == 'SET' then
      local key, value, px, ttl = ...
      if px ~= 'PX' or not string.match(ttl, '^[1-9]%d*$') then error('a key without an end: ' .. tostring(ttl)) end
      return server.call('SET', key, value, 'PX', '600000')
    end
    return server.call(name, ...)
  end,
}
`;

/** The link as if the clock of its server were this one, with keys of its own. */
export function timedLink(link: RedisLink, clock: Pick<Clock, 'now'>, prefix: string): RedisLink {
  const timed = new Map<RedisScript, RedisScript>();
  const timedScript = (script: RedisScript): RedisScript => {
    let made = timed.get(script);
    if (made === undefined) timed.set(script, (made = redisScript(script.name, prelude + script.text)));
    return made;
  };
  return {
    id: prefix + link.id,
    get available() {
      return link.available;
    },
    command: (name, key, ...rest) => link.command(name, prefix + key, ...rest),
    publish: (...all) => link.publish(...all),
    subscribe: (...all) => link.subscribe(...all),
    script: (script, [first, ...others], args = [], options = {}) =>
      link.script(
        timedScript(script),
        [prefix + first, ...others.map((key) => prefix + key)],
        [...args, String(clock.now())],
        options,
      ),
  };
}
