import { createHash } from 'node:crypto';

/**
 * The way to the Redis or Valkey of `redis:`, for policies and stores. It is the same for one server, Sentinel and Cluster.
 *
 * Every call settles within the configured time-out (50 ms), and at once while the link is down, with a {@link StoreError} if
 * it did not do what was asked. A call that ran out of time may still have been carried out. Calls of the same moment leave
 * in one write. Nothing is queued while the link is down, and nothing is sent twice.
 */
export interface RedisLink {
  /**
   * Another for each link, and a link serves until `redis:` changes. Keys of `share` have it, where what is shared comes from Redis or
   * holds the link: what one Redis has said does not hold in another.
   */
  readonly id: string;
  /** Whether calls are sent at this moment, those that write included. When false, they fail at once. */
  readonly available: boolean;
  /**
   * Sends one command about one key.
   * @param name such as `GET` or `HSET`.
   * @param key without the prefix of the configuration, which is put in front of it. What a client sent stands in it as a digest.
   * @param args what follows the key.
   * @throws StoreError (as a rejection, and nothing else).
   */
  command(
    name: string,
    key: string,
    args?: readonly RedisArgument[],
    options?: RedisCallOptions,
  ): Promise<RedisReply>;
  /**
   * Runs a script: one round trip, and atomic. Its text is sent only when the server does not have it.
   * @param keys without prefix, at least one; in a cluster, all of one slot: give them a common `{tag}`.
   * @throws StoreError (as a rejection, and nothing else).
   */
  script(
    script: RedisScript,
    keys: readonly [string, ...string[]],
    args?: readonly RedisArgument[],
    options?: Pick<RedisCallOptions, 'binary'>,
  ): Promise<RedisReply>;
  /**
   * Sends a message to all who listen to a channel.
   * @param channel without prefix.
   * @throws StoreError (as a rejection, and nothing else).
   */
  publish(channel: string, message: RedisArgument): Promise<void>;
  /**
   * Listens to a channel, from when there is a connection on, over all its interruptions.
   * @param channel without prefix.
   * @returns what ends it.
   */
  subscribe(channel: string, subscriber: RedisSubscriber): () => void;
}

/** What can be sent. Numbers are written out: `String(limit)`. */
export type RedisArgument = string | Buffer;

/** What comes back: text, or octets by choice; integers as numbers; a list of such. */
export type RedisReply = string | Buffer | number | null | readonly RedisReply[];

/** What is said about a call. */
export interface RedisCallOptions {
  /** Texts in the reply stay octets. */
  readonly binary?: boolean;
  /** It changes nothing: it is also sent while the server refuses to write (full, a replica, cannot save). */
  readonly readOnly?: boolean;
}

/** Who listens to a channel. */
export interface RedisSubscriber {
  message(payload: Buffer): void;
  /** It begins to listen, for the first time or again: what was sent before was missed. */
  listening?(): void;
}

/** A script in Lua, made once by {@link redisScript}. */
export interface RedisScript {
  /** For logs. */
  readonly name: string;
  readonly text: string;
  /** What the server knows the text by. */
  readonly sha1: string;
  /** It changes nothing, as in {@link RedisCallOptions}. */
  readonly readOnly: boolean;
}

/** Defines a script, for the whole life of the program. */
export function redisScript(
  name: string,
  text: string,
  { readOnly = false }: { readonly readOnly?: boolean } = {},
): RedisScript {
  return { name, text, sha1: createHash('sha1').update(text).digest('hex'), readOnly };
}

/**
 * Why a store did not do what it was asked:
 * - `unavailable`: the link is down, or broke while the call was under way;
 * - `timeout`: there was no answer in time;
 * - `refused`: the server answered that it will not (OOM, READONLY, NOAUTH, NOPERM, WRONGTYPE, …);
 * - `protocol`: what came is no answer of a Redis, or not what the caller can read.
 */
export type StoreErrorKind = 'unavailable' | 'timeout' | 'refused' | 'protocol';

/** The one error of everything that is kept outside this process. Its message is for logs, and free of secrets. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly kind: StoreErrorKind;

  constructor(kind: StoreErrorKind, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.kind = kind;
  }
}

/** A link that leads nowhere, for configurations that are only checked: policies see that there is one. */
export const unconnectedRedis: RedisLink = {
  id: 'unconnected',
  available: false,
  command: () => Promise.reject(unconnected()),
  script: () => Promise.reject(unconnected()),
  publish: () => Promise.reject(unconnected()),
  subscribe: () => () => undefined,
};

function unconnected(): StoreError {
  return new StoreError('unavailable', 'nothing is connected during a check');
}
