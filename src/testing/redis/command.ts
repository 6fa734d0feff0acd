import type { Keyspace } from './keyspace.ts';

/** What a command answers: texts are octets, a character each. */
export type RawReply = string | number | null | readonly RawReply[];

/** A command over the keyspace. Its arguments are octets, as everything in Redis. */
export type RedisCommand = (keyspace: Keyspace, args: readonly string[]) => RawReply;
