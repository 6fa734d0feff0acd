import { type Clock, startTimer } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { readKeySet } from './key-set.ts';
import type { KeySource, Look } from './key-source.ts';
import { LookTimes } from './look-times.ts';
import type { VerificationKey } from './verification-key.ts';

/** When keys are fetched; all in milliseconds. */
export interface KeyTimes {
  /** How long keys are used before nobody is let in by them without a look whether they still hold. */
  readonly maxAge: number;
  /** How long they are used at most while no others can be had. */
  readonly maxStale: number;
  /** The least time between two looks in vain for unknown keys, and the most between two tries while the issuer is down. */
  readonly cooldown: number;
  /** The most that a fetch takes, and that a request waits before the fetch that it needs begins. */
  readonly timeout: number;
}

/** The wait behind the first failure, in milliseconds; it doubles with each one up to the cool-down. */
const FIRST_RETRY = 1000;

/** The part of their age at which keys are fetched anew in the background. */
const REFRESH_AT = 0.75;

/** So many requests wait for the end of a cool-down at most; they are held in memory, and anybody can send them. */
const MAX_WAITING = 1000;

/**
 * Keys that are fetched: once for whoever waits, again before they are too old, again for an unknown one. While the issuer
 * is down, the last ones are kept. The requests that need the keys see to them; only those that wait out a cool-down have a timer.
 */
export class FetchedKeys implements KeySource {
  readonly #name: string;
  readonly #fetchJwks: () => Promise<Uint8Array>;
  readonly #times: KeyTimes;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #looks: LookTimes;
  #keys: readonly VerificationKey[] = [];
  /** When these keys came, on the monotonic clock. */
  #fetchedAt = -Infinity;
  #triedAt = -Infinity;
  #failures = 0;
  /** How many fetches have begun. */
  #begun = 0;
  #underWay: Promise<readonly VerificationKey[]> | undefined;
  /** The look at the end of the cool-down, for those who wait for it. */
  #nextLook: { readonly done: Promise<void>; readonly giveUp: () => void } | undefined;
  #waiting = 0;
  /** How many fetches had begun when the last of those who wait came. */
  #begunBefore = 0;
  #closed = false;

  /**
   * @param name of the source, for the log.
   * @param fetchJwks gets the text of a JWKS; may reject.
   */
  constructor(
    name: string,
    fetchJwks: () => Promise<Uint8Array>,
    times: KeyTimes,
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#name = name;
    this.#fetchJwks = fetchJwks;
    this.#times = times;
    this.#clock = clock;
    this.#logger = logger;
    this.#looks = new LookTimes(times.cooldown);
  }

  current(): readonly VerificationKey[] | undefined {
    const now = this.#clock.monotonic();
    const age = now - this.#fetchedAt;
    if (age < this.#times.maxAge * REFRESH_AT) return this.#keys;
    if (age >= this.#times.maxStale && this.#keys.length > 0) this.#giveUpKeys();
    // It failed a moment ago: what there is must do, even if it is nothing.
    if (this.#underWay === undefined && now - this.#triedAt < this.#patience()) return this.#keys;
    // While the issuer is down, nobody waits for it who can do with the last keys.
    const hopeful = this.#failures === 0 || this.#keys.length === 0;
    if (age >= this.#times.maxAge && hopeful) return undefined;
    void this.load();
    return this.#keys;
  }

  load(): Promise<readonly VerificationKey[]> {
    return (this.#underWay ??= this.#fetch());
  }

  async look(hasWanted: (keys: readonly VerificationKey[]) => boolean): Promise<Look> {
    const before = this.#begun;
    while (this.#underWay !== undefined) {
      const fetch = this.#begun;
      await this.#underWay;
      // One that had begun before may have been answered before the key was published: it only says what there is.
      if (fetch > before || hasWanted(this.#keys)) return this.#looked();
    }
    const now = this.#clock.monotonic();
    const wait = Math.max(this.#looks.next, this.#triedAt + this.#patience()) - now;
    if (wait <= 0) {
      await this.#lookNow();
      return this.#looked();
    }
    // While the issuer is down, nobody can say when more will be known.
    if (this.#failures > 0) return this.#looked();
    if (wait > this.#times.timeout || this.#waiting >= MAX_WAITING)
      return { kind: 'too soon', retryAfter: wait };
    this.#waiting++;
    this.#begunBefore = this.#begun;
    try {
      await (this.#nextLook ??= this.#lookIn(wait)).done;
    } finally {
      this.#waiting--;
    }
    return this.#looked();
  }

  close(): void {
    this.#closed = true;
    this.#nextLook?.giveUp();
  }

  #looked(): Look {
    return { kind: 'looked', keys: this.#keys };
  }

  /** Fetches because of an unknown key. No fetch may be under way. */
  async #lookNow(): Promise<void> {
    const known = this.#keys;
    this.#looks.begin(this.#clock.monotonic());
    await this.load();
    if (this.#keys.some((key) => !known.includes(key))) this.#looks.foundNew();
  }

  #lookIn(wait: number): { readonly done: Promise<void>; readonly giveUp: () => void } {
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const begin = async (): Promise<void> => {
      this.#nextLook = undefined;
      while (this.#underWay !== undefined) await this.#underWay;
      // Who came when the cool-down was just over has looked for those as well who wait for its end.
      if (this.#begun === this.#begunBefore) await this.#lookNow();
      resolve();
    };
    const timer = startTimer(this.#clock, wait, () => void begin());
    const giveUp = (): void => {
      timer.cancel();
      resolve();
    };
    return { done, giveUp };
  }

  /** How long not to try again after the last try. */
  #patience(): number {
    if (this.#failures === 0) return 0;
    return Math.min(this.#times.cooldown, FIRST_RETRY * 2 ** (this.#failures - 1));
  }

  async #fetch(): Promise<readonly VerificationKey[]> {
    this.#begun++;
    this.#triedAt = this.#clock.monotonic();
    try {
      const octets = await this.#fetchJwks();
      const { keys, refused } = readKeySet(octets, this.#keys);
      if (refused.length > 0 && this.#fetchedAt === -Infinity)
        this.#logger.info({ keys: this.#name, refused }, 'keys that cannot be used are left out');
      this.#replace(keys);
      this.#fetchedAt = this.#clock.monotonic();
      this.#failures = 0;
    } catch (error) {
      this.#failures++;
      if (!this.#closed) {
        const kept = this.#keys.length;
        this.#logger.warn(
          { policy: 'jwt', keys: this.#name, err: error, kept },
          kept > 0
            ? 'keys could not be fetched; the last ones are used'
            : 'keys could not be fetched, and there are none: such tokens are answered 503; check that the issuer answers here',
        );
      }
    } finally {
      this.#underWay = undefined;
    }
    return this.#keys;
  }

  #giveUpKeys(): void {
    this.#logger.error(
      { policy: 'jwt', keys: this.#name },
      'the keys are older than keyMaxStale, and there are no others: such tokens are answered 503; check that the issuer answers here',
    );
    this.#replace([]);
  }

  #replace(keys: readonly VerificationKey[]): void {
    for (const old of this.#keys) if (!keys.includes(old)) old.live = false;
    this.#keys = keys;
  }
}
