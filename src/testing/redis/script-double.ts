import type { RedisScript } from '../../core/redis.ts';
import type { RawReply } from './command.ts';

/** What a script can do, as `redis` in Lua. */
export interface ScriptRedis {
  /** The time of the server, in milliseconds since the epoch: it stands still while a script runs. */
  readonly now: number;
  /** Carries a command out. Numbers are written out. @throws an error that the caller of the script gets. */
  readonly call: (name: string, ...args: readonly (string | number)[]) => RawReply;
}

/**
 * A script in TypeScript, with what stands in Lua. Texts in arguments and replies are octets, a character each (latin1), for
 * values need not be UTF-8.
 * @param keys as Redis knows them, with their prefix.
 */
export type ScriptDouble = (redis: ScriptRedis, keys: readonly string[], args: readonly string[]) => RawReply;

/** What a script in Lua is in TypeScript. */
export type ScriptPair = readonly [script: RedisScript, double: ScriptDouble];
