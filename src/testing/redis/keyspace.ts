import type { Clock } from '../../core/clock.ts';

/** What can lie under a key. Texts are octets: a character each. */
export type RedisValue =
  | { readonly type: 'string'; text: string }
  | { readonly type: 'hash'; readonly fields: Map<string, string> }
  | { readonly type: 'zset'; readonly scores: Map<string, number> };

interface Entry {
  readonly value: RedisValue;
  /** Milliseconds since the epoch. */
  expires: number;
}

/** An error that the server would answer, such as WRONGTYPE. */
export class RedisReplyError extends Error {
  override readonly name = 'RedisReplyError';
}

/** Keys with their values and their ends, as a server has them: the time is that of the clock. */
export class Keyspace {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Milliseconds since the epoch. */
  get now(): number {
    return this.#clock.now();
  }

  /** All keys that have not ended. */
  keys(): string[] {
    return [...this.#entries.keys()].filter((key) => this.#entry(key) !== undefined);
  }

  /** @throws RedisReplyError when something of another type lies there. */
  get<Type extends RedisValue['type']>(
    key: string,
    type: Type,
  ): Extract<RedisValue, { readonly type: Type }> | undefined {
    const value = this.#entry(key)?.value;
    if (value === undefined) return undefined;
    if (isOf(value, type)) return value;
    throw new RedisReplyError('WRONGTYPE Operation against a key holding the wrong kind of value');
  }

  type(key: string): RedisValue['type'] | 'none' {
    return this.#entry(key)?.value.type ?? 'none';
  }

  /** Puts a value under a key, in place of what was there. It has no end. */
  set(key: string, value: RedisValue): void {
    this.#entries.set(key, { value, expires: Infinity });
  }

  delete(key: string): boolean {
    return this.#entry(key) !== undefined && this.#entries.delete(key);
  }

  /** @param at milliseconds since the epoch; Infinity is never. @returns whether there is such a key. */
  expire(key: string, at: number): boolean {
    const entry = this.#entry(key);
    if (entry === undefined) return false;
    entry.expires = at;
    return true;
  }

  /** When it ends, in milliseconds since the epoch; Infinity when never, undefined when it is not there. */
  expires(key: string): number | undefined {
    return this.#entry(key)?.expires;
  }

  clear(): void {
    this.#entries.clear();
  }

  #entry(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expires > this.now) return entry;
    this.#entries.delete(key);
    return undefined;
  }
}

function isOf<Type extends RedisValue['type']>(
  value: RedisValue,
  type: Type,
): value is Extract<RedisValue, { readonly type: Type }> {
  return value.type === type;
}
