import type { RawReply, RedisCommand } from './command.ts';
import { hashCommands } from './hash-commands.ts';
import { type Keyspace, RedisReplyError } from './keyspace.ts';
import { integer } from './numbers.ts';
import { sortedSetCommands } from './sorted-set-commands.ts';

/** The commands that the double has. */
const commands: ReadonlyMap<string, RedisCommand> = new Map(
  Object.entries<RedisCommand>({
    PING: () => 'PONG',
    TIME: ({ now }) => [String(Math.floor(now / 1000)), String((now % 1000) * 1000)],
    GET: (keys, [key = '']) => keys.get(key, 'string')?.text ?? null,
    MGET: (keys, names) =>
      names.map((key) => (keys.type(key) === 'string' ? (keys.get(key, 'string')?.text ?? null) : null)),
    SET: set,
    DEL: (keys, names) => names.filter((key) => keys.delete(key)).length,
    UNLINK: (keys, names) => names.filter((key) => keys.delete(key)).length,
    EXISTS: (keys, names) => names.filter((key) => keys.type(key) !== 'none').length,
    TYPE: (keys, [key = '']) => keys.type(key),
    STRLEN: (keys, [key = '']) => keys.get(key, 'string')?.text.length ?? 0,
    APPEND: (keys, [key = '', more = '']) => change(keys, key, (text) => text + more).length,
    INCR: (keys, [key = '']) => increment(keys, key, 1),
    DECR: (keys, [key = '']) => increment(keys, key, -1),
    INCRBY: (keys, [key = '', by]) => increment(keys, key, integer(by)),
    DECRBY: (keys, [key = '', by]) => increment(keys, key, -integer(by)),
    EXPIRE: (keys, [key = '', seconds]) => expire(keys, key, integer(seconds) * 1000),
    PEXPIRE: (keys, [key = '', milliseconds]) => expire(keys, key, integer(milliseconds)),
    PERSIST: (keys, [key = '']) =>
      (keys.expires(key) ?? Infinity) < Infinity && keys.expire(key, Infinity) ? 1 : 0,
    TTL: (keys, [key = '']) => remaining(keys, key, 1000),
    PTTL: (keys, [key = '']) => remaining(keys, key, 1),
    ...hashCommands,
    ...sortedSetCommands,
  }),
);

/**
 * Carries a command out.
 * @param name in any case.
 * @throws RedisReplyError what the server would answer, or that the double does not have it.
 */
export function runCommand(keyspace: Keyspace, name: string, args: readonly string[]): RawReply {
  const command = commands.get(name.toUpperCase());
  if (command === undefined) {
    const known = [...commands.keys()].toSorted().join(', ');
    throw new RedisReplyError(
      `ERR the Redis double has no ${name}: use one of ${known}, or test this with a real Redis`,
    );
  }
  return command(keyspace, args);
}

function set(keys: Keyspace, [key = '', text = '', ...options]: readonly string[]): RawReply {
  let expires = Infinity;
  for (let at = 0; at < options.length; at++) {
    const option = options[at]?.toUpperCase();
    if (option === 'PX' || option === 'EX') {
      const span = integer(options[++at]) * (option === 'EX' ? 1000 : 1);
      if (span <= 0) throw new RedisReplyError("ERR invalid expire time in 'set' command");
      expires = keys.now + span;
    } else if (option === 'NX' || option === 'XX') {
      if ((keys.type(key) === 'none') !== (option === 'NX')) return null;
    } else if (option === 'KEEPTTL') expires = keys.expires(key) ?? Infinity;
    else throw new RedisReplyError('ERR syntax error');
  }
  keys.set(key, { type: 'string', text });
  keys.expire(key, expires);
  return 'OK';
}

function change(keys: Keyspace, key: string, how: (text: string) => string): string {
  const value = keys.get(key, 'string');
  const text = how(value?.text ?? '');
  if (value === undefined) keys.set(key, { type: 'string', text });
  else value.text = text;
  return text;
}

function increment(keys: Keyspace, key: string, by: number): number {
  return Number(change(keys, key, (text) => String(integer(text === '' ? '0' : text) + by)));
}

function expire(keys: Keyspace, key: string, milliseconds: number): number {
  return keys.expire(key, keys.now + milliseconds) ? 1 : 0;
}

function remaining(keys: Keyspace, key: string, unit: number): number {
  const expires = keys.expires(key);
  if (expires === undefined) return -2;
  return expires === Infinity ? -1 : Math.round((expires - keys.now) / unit);
}
