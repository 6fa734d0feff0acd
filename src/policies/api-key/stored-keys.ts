import { LRUCache } from 'lru-cache';
import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { RareLine } from '../../core/rare-line.ts';
import { type RedisLink, StoreError } from '../../core/redis.ts';
import type { Shareable } from '../../core/shared.ts';
import type { FoundKey } from './found-key.ts';
import { readStoredKey, type StoredKey } from './stored-key.ts';

/** The most keys that are remembered: some 300 octets each, names of consumers not counted. */
const MOST_KNOWN = 50_000;

/** The most digests of which is remembered that nobody has them: whoever guesses keys drives out only those. */
const MOST_UNKNOWN = 10_000;

/** How long at most nobody is taken to have a key, in milliseconds: one that has just been made is to work soon. */
const UNKNOWN_FOR = 2000;

/** How often the log names entries that cannot be read, in milliseconds. */
const LOG_INTERVAL = 30_000;

/** For how long keys are remembered, in milliseconds. */
export interface Memory {
  /** Without asking again. */
  readonly remember: number;
  /** While Redis is gone, counted from when it last confirmed the key. */
  readonly keepWhileDown: number;
}

interface Remembered {
  readonly key: StoredKey;
  /** When it was asked for, by the monotonic clock. */
  readonly askedAt: number;
}

/**
 * Keys that are in Redis, each under its digest, and what is remembered of them. What is remembered belongs to nobody in
 * particular: instances on all routes share it, and so do those before and after a reload that does not change `redis:`.
 */
export class StoredKeys implements Shareable {
  readonly #redis: RedisLink;
  readonly #prefix: string;
  readonly #memory: Memory;
  readonly #clock: Clock;
  readonly #logger: Logger;
  /** By digest, as {@link digestOf} has them. */
  readonly #known = new LRUCache<string, Remembered>({ max: MOST_KNOWN });
  /** When nobody had it. */
  readonly #unknown = new LRUCache<string, number>({ max: MOST_UNKNOWN });
  /** As many at most as there are requests under way. */
  readonly #asking = new Map<string, Promise<FoundKey>>();
  readonly #refusal: RareLine;

  /** @param prefix behind that of the link and before `apikey:`. */
  constructor(
    redis: RedisLink,
    prefix: string,
    memory: Memory,
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#redis = redis;
    this.#prefix = prefix;
    this.#memory = memory;
    this.#clock = clock;
    this.#logger = logger;
    this.#refusal = new RareLine(LOG_INTERVAL, clock);
  }

  /** Whose key it is: at once if that is remembered, else asked for with one command, however many want to know. */
  look(digest: string): FoundKey | Promise<FoundKey> {
    const now = this.#clock.monotonic();
    const known = this.#known.get(digest);
    if (known !== undefined && now - known.askedAt < this.#memory.remember) return this.#found(known.key);
    const missed = this.#unknown.get(digest);
    if (missed !== undefined && now - missed < Math.min(UNKNOWN_FOR, this.#memory.remember)) return undefined;
    let asking = this.#asking.get(digest);
    if (asking === undefined) {
      asking = this.#ask(digest, now).finally(() => this.#asking.delete(digest));
      this.#asking.set(digest, asking);
    }
    return asking;
  }

  /** Forgets all of them. */
  close(): void {
    this.#known.clear();
    this.#unknown.clear();
  }

  async #ask(digest: string, now: number): Promise<FoundKey> {
    const name = `${this.#prefix}apikey:${Buffer.from(digest, 'latin1').toString('hex')}`;
    let reply;
    try {
      reply = await this.#redis.command('GET', name, [], { readOnly: true });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      // Looked up again: others may have been remembered in its place while Redis was waited for.
      const known = this.#known.get(digest);
      if (known === undefined || now - known.askedAt >= this.#memory.keepWhileDown) return 'unavailable';
      return this.#found(known.key);
    }
    const key = reply === null ? undefined : this.#read(name, reply);
    if (key === undefined) {
      this.#known.delete(digest);
      this.#unknown.set(digest, now);
      return undefined;
    }
    this.#unknown.delete(digest);
    this.#known.set(digest, { key, askedAt: now });
    return this.#found(key);
  }

  #read(name: string, reply: unknown): StoredKey | undefined {
    const key = readStoredKey(reply);
    if (!('mistake' in key)) return key;
    if (this.#refusal.due() > 0) {
      // The name is a digest: nobody can find the key from it.
      this.#logger.error(
        { key: name, mistake: key.mistake },
        `an API key in Redis is refused: ${key.mistake}`,
      );
    }
    return undefined;
  }

  #found({ consumer, expiresAt }: StoredKey): FoundKey {
    return { consumer, expired: expiresAt !== 0 && this.#clock.now() >= expiresAt * 1000 };
  }
}
