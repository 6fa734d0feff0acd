import { addScript, dropScript, putScript, readScript } from '../../store/answers/purge-scripts.ts';
import type { RawReply } from './command.ts';
import type { ScriptPair } from './script-double.ts';

/** The scripts of answers that are kept, each beside what it does. */
export const answerScripts: readonly ScriptPair[] = [
  [
    addScript,
    (redis, [list = ''], [what = '', mostText, kept = '', standIn = '']) => {
      const [, last] = listOf(redis.call('ZREVRANGE', list, 0, 0, 'WITHSCORES'));
      const now = last !== undefined && Number(last) >= redis.now ? Number(last) + 1 : redis.now;
      redis.call('ZADD', list, now, what);
      redis.call('ZREMRANGEBYSCORE', list, '-inf', now - Number(kept));
      const most = Number(mostText);
      const over = Number(redis.call('ZCARD', list)) - most;
      if (over > 0) {
        const gone = over + Math.floor(most / 10);
        const [, latest = ''] = listOf(redis.call('ZRANGE', list, gone - 1, gone - 1, 'WITHSCORES'));
        redis.call('ZREMRANGEBYRANK', list, 0, gone - 1);
        if (standIn !== '') redis.call('ZADD', list, latest, standIn);
      }
      redis.call('PEXPIRE', list, kept);
      return now;
    },
  ],
  [
    readScript,
    (redis, [purges = '', keys = ''], [sincePurge = '', sinceKey = '', most = '']) => {
      const since = (list: string, from: string): RawReply =>
        redis.call('ZRANGEBYSCORE', list, from, '+inf', 'WITHSCORES', 'LIMIT', 0, most);
      return [redis.now, since(purges, sincePurge), since(keys, sinceKey)];
    },
  ],
  [
    putScript,
    (redis, [key = ''], [variant = '', value = '', asked, use = '', most, mostOctets]) => {
      const dropped = redis.call('HGET', key, '!');
      if (dropped !== null && Number(dropped) >= Number(asked)) return 0;
      redis.call('HSET', key, variant, value);
      let [count, octets] = [1, value.length];
      for (const name of listOf(redis.call('HKEYS', key))) {
        if (name === '!' || name === variant) continue;
        const size = Number(redis.call('HSTRLEN', key, name));
        if (count + 1 > Number(most) || octets + size > Number(mostOctets)) {
          redis.call('HDEL', key, name);
          continue;
        }
        count++;
        octets += size;
      }
      if (Number(redis.call('PTTL', key)) < Number(use)) redis.call('PEXPIRE', key, use);
      return 1;
    },
  ],
  [
    dropScript,
    (redis, [key = ''], [margin, remembered = '']) => {
      redis.call('DEL', key);
      redis.call('HSET', key, '!', redis.now + Number(margin));
      redis.call('PEXPIRE', key, remembered);
      return 1;
    },
  ],
];

function listOf(reply: RawReply): readonly string[] {
  return Array.isArray(reply) ? reply.map(String) : [];
}
