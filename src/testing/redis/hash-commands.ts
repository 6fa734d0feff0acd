import type { RedisCommand } from './command.ts';
import { type Keyspace, RedisReplyError } from './keyspace.ts';
import { integer } from './numbers.ts';

/** Commands about hashes. */
export const hashCommands: Readonly<Record<string, RedisCommand>> = {
  HGET: (keys, [key = '', field = '']) => fieldsOf(keys, key)?.get(field) ?? null,
  HMGET: (keys, [key = '', ...names]) => names.map((field) => fieldsOf(keys, key)?.get(field) ?? null),
  HGETALL: (keys, [key = '']) => [...(fieldsOf(keys, key) ?? [])].flat(),
  HKEYS: (keys, [key = '']) => [...(fieldsOf(keys, key)?.keys() ?? [])],
  HVALS: (keys, [key = '']) => [...(fieldsOf(keys, key)?.values() ?? [])],
  HLEN: (keys, [key = '']) => fieldsOf(keys, key)?.size ?? 0,
  HEXISTS: (keys, [key = '', field = '']) => (fieldsOf(keys, key)?.has(field) === true ? 1 : 0),
  HSTRLEN: (keys, [key = '', field = '']) => fieldsOf(keys, key)?.get(field)?.length ?? 0,
  HSET: (keys, [key = '', ...pairs]) => {
    if (pairs.length === 0 || pairs.length % 2 === 1)
      throw new RedisReplyError("ERR wrong number of arguments for 'hset' command");
    const fields = fieldsOf(keys, key) ?? newHash(keys, key);
    const before = fields.size;
    for (let at = 0; at < pairs.length; at += 2) fields.set(pairs[at] ?? '', pairs[at + 1] ?? '');
    return fields.size - before;
  },
  HINCRBY: (keys, [key = '', field = '', by]) => {
    const fields = fieldsOf(keys, key) ?? newHash(keys, key);
    const sum = integer(fields.get(field) ?? '0') + integer(by);
    fields.set(field, String(sum));
    return sum;
  },
  HDEL: (keys, [key = '', ...names]) => {
    const fields = fieldsOf(keys, key);
    if (fields === undefined) return 0;
    const gone = names.filter((field) => fields.delete(field)).length;
    if (fields.size === 0) keys.delete(key);
    return gone;
  },
};

function fieldsOf(keys: Keyspace, key: string): Map<string, string> | undefined {
  return keys.get(key, 'hash')?.fields;
}

function newHash(keys: Keyspace, key: string): Map<string, string> {
  const fields = new Map<string, string>();
  keys.set(key, { type: 'hash', fields });
  return fields;
}
