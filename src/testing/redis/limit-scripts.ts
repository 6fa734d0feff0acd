import type { LimitAlgorithm, LimitRule } from '../../core/limits.ts';
import { algorithmOf } from '../../store/limits/algorithm.ts';
import type { LimitCell } from '../../store/limits/limit-cell.ts';
import { decideScript, settleScript } from '../../store/redis/limit-scripts.ts';
import type { ScriptPair, ScriptRedis } from './script-double.ts';

/** The scripts of limits, each beside what it does. */
export const limitScripts: readonly ScriptPair[] = [
  [
    decideScript,
    (redis, keys, [effect, cost = '', ...rest]) => {
      const found = keys.map((key, i) => {
        const rule = ruleOf(rest.slice(i * 4));
        const kept = read(redis, key);
        const cell = { ...kept };
        algorithmOf(rule).advance(cell, rule, redis.now);
        return { key, rule, cell, since: kept.time };
      });
      const isAllowed = found.every(({ rule, cell }) => algorithmOf(rule).fits(cell, rule, Number(cost)));
      const counts = effect === 'charge' || (effect === 'take' && isAllowed);
      const reply = [isAllowed ? 1 : 0, redis.now];
      for (const { key, rule, cell, since } of found) {
        reply.push(cell.level, cell.previous);
        if (counts) algorithmOf(rule).add(cell, rule, Number(cost));
        if (counts || (effect === 'take' && redis.now < since)) write(redis, key, rule, cell);
      }
      return reply;
    },
  ],
  [
    settleScript,
    (redis, keys, [taken = '', charged = '', ...rest]) => {
      const reply = [redis.now];
      const found = keys.map((key) => ({ key, cell: read(redis, key) }));
      for (const [i, { key, cell }] of found.entries()) {
        const parts = rest.slice(i * 5);
        const rule = ruleOf(parts);
        const most = Number(parts[4]);
        const algorithm = algorithmOf(rule);
        algorithm.advance(cell, rule, redis.now, most);
        algorithm.add(cell, rule, Number(taken), most);
        algorithm.add(cell, rule, Number(charged));
        if (Number(taken) > 0 || Number(charged) > 0) write(redis, key, rule, cell);
        reply.push(cell.level, cell.previous);
      }
      return reply;
    },
  ],
];

function ruleOf([algorithm = '', limit, window, burst]: readonly string[]): LimitRule {
  if (!isAlgorithm(algorithm)) throw new TypeError(`no algorithm: ${algorithm}`);
  return { id: '', algorithm, limit: Number(limit), window: Number(window), burst: Number(burst) };
}

function isAlgorithm(text: string): text is LimitAlgorithm {
  return text === 'gcra' || text === 'sliding-window' || text === 'fixed-window';
}

function read(redis: ScriptRedis, key: string): LimitCell {
  const [text] = [redis.call('MGET', key)].flat();
  const [, time = 0, level = 0, previous = 0] = /^(\d+) (\d+) (\d+)$/.exec(String(text)) ?? [];
  return { time: Number(time), level: Number(level), previous: Number(previous) };
}

function write(redis: ScriptRedis, key: string, rule: LimitRule, { level, previous }: LimitCell): void {
  const end = String(Math.max(1, reset(rule, redis.now, level, previous)));
  redis.call('SET', key, `${redis.now} ${level} ${previous}`, 'PX', end);
}

/** Milliseconds until the cell is as good as new. */
function reset(
  { algorithm, limit, window }: LimitRule,
  now: number,
  level: number,
  previous: number,
): number {
  const ahead = window - (now % window);
  if (algorithm === 'gcra') return Math.ceil(level / limit);
  if (algorithm === 'sliding-window' && level > 0) return ahead + window;
  return level > 0 || previous > 0 ? ahead : 0;
}
