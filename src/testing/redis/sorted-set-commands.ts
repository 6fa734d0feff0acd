import type { RawReply, RedisCommand } from './command.ts';
import { type Keyspace, RedisReplyError } from './keyspace.ts';
import { integer, score, scoreText } from './numbers.ts';

type Member = readonly [member: string, score: number];

/** Commands about sorted sets. */
export const sortedSetCommands: Readonly<Record<string, RedisCommand>> = {
  ZADD: (keys, [key = '', ...pairs]) => {
    if (pairs.length === 0 || pairs.length % 2 === 1) throw new RedisReplyError('ERR syntax error');
    let scores = keys.get(key, 'zset')?.scores;
    if (scores === undefined) keys.set(key, { type: 'zset', scores: (scores = new Map()) });
    const before = scores.size;
    for (let at = 0; at < pairs.length; at += 2) scores.set(pairs[at + 1] ?? '', score(pairs[at]));
    return scores.size - before;
  },
  ZCARD: (keys, [key = '']) => keys.get(key, 'zset')?.scores.size ?? 0,
  ZSCORE: (keys, [key = '', member = '']) => {
    const found = keys.get(key, 'zset')?.scores.get(member);
    return found === undefined ? null : scoreText(found);
  },
  ZREM: (keys, [key = '', ...members]) => remove(keys, key, members),
  ZRANGE: (keys, [key = '', from, to, ...options]) => {
    const isScored = wantsScores(options);
    return listed(slice(sorted(keys, key), from, to), isScored);
  },
  ZREVRANGE: (keys, [key = '', from, to, ...options]) => {
    const isScored = wantsScores(options);
    return listed(slice(sorted(keys, key).toReversed(), from, to), isScored);
  },
  ZRANGEBYSCORE: (keys, [key = '', least, most, ...options]) => {
    const limit = options.findIndex((option) => option.toUpperCase() === 'LIMIT');
    const [, offset, count] = limit === -1 ? [] : options.splice(limit, 3);
    const isScored = wantsScores(options);
    const found = between(sorted(keys, key), least, most);
    const first = limit === -1 ? 0 : integer(offset);
    const all = limit === -1 ? -1 : integer(count);
    return listed(found.slice(first, all < 0 ? undefined : first + all), isScored);
  },
  ZCOUNT: (keys, [key = '', least, most]) => between(sorted(keys, key), least, most).length,
  ZREMRANGEBYSCORE: (keys, [key = '', least, most]) =>
    remove(
      keys,
      key,
      between(sorted(keys, key), least, most).map(([member]) => member),
    ),
  ZREMRANGEBYRANK: (keys, [key = '', from, to]) =>
    remove(
      keys,
      key,
      slice(sorted(keys, key), from, to).map(([member]) => member),
    ),
};

/** By score, and members of the same score by their octets. */
function sorted(keys: Keyspace, key: string): Member[] {
  const members = [...(keys.get(key, 'zset')?.scores ?? [])];
  return members.toSorted(([a, first], [b, second]) => first - second || (a < b ? -1 : 1));
}

function slice(members: readonly Member[], from: string | undefined, to: string | undefined): Member[] {
  const [first, last] = [from, to].map((text) => {
    const index = integer(text);
    return index < 0 ? Math.max(0, members.length + index) : index;
  });
  if (integer(to) < -members.length) return [];
  return members.slice(first, (last ?? 0) + 1);
}

function between(
  members: readonly Member[],
  least: string | undefined,
  most: string | undefined,
): readonly Member[] {
  const [from, to] = [least, most].map((bound = '') => {
    const isOpen = bound.startsWith('(');
    return { isOpen, at: score(isOpen ? bound.slice(1) : bound) };
  });
  if (from === undefined || to === undefined) return [];
  return members.filter(
    ([, value]) =>
      (from.isOpen ? value > from.at : value >= from.at) && (to.isOpen ? value < to.at : value <= to.at),
  );
}

function listed(members: readonly Member[], isScored: boolean): RawReply {
  return members.flatMap(([member, value]) => (isScored ? [member, scoreText(value)] : [member]));
}

function remove(keys: Keyspace, key: string, members: readonly string[]): number {
  const scores = keys.get(key, 'zset')?.scores;
  if (scores === undefined) return 0;
  const gone = members.filter((member) => scores.delete(member)).length;
  if (scores.size === 0) keys.delete(key);
  return gone;
}

/** @throws RedisReplyError when something else is wanted. */
function wantsScores(options: readonly string[]): boolean {
  if (options.some((option) => option.toUpperCase() !== 'WITHSCORES'))
    throw new RedisReplyError('ERR syntax error');
  return options.length > 0;
}
