import type { Clock } from '../../core/clock.ts';
import type { Logger } from '../../core/logger.ts';
import { readKeySet } from './key-set.ts';
import type { KeySource } from './key-source.ts';
import type { VerificationKey } from './verification-key.ts';

/** When keys are fetched; all in milliseconds. */
export interface KeyTimes {
  /** How long keys are used before nobody is let in by them without a look whether they still hold. */
  readonly maxAge: number;
  /** The least time between two fetches that unknown keys cause, and the most between two tries while the issuer is down. */
  readonly cooldown: number;
}

/** The wait behind the first failure, in milliseconds; it doubles with each one up to the cool-down. */
const FIRST_RETRY = 1000;

/** The part of their age at which keys are fetched anew in the background. */
const REFRESH_AT = 0.75;

/**
 * Keys that are fetched: once for whoever waits, again before they are too old, again for an unknown one. While the issuer
 * is down, the last ones are kept. There is no timer: the requests that need the keys see to them.
 */
export class FetchedKeys implements KeySource {
  readonly #name: string;
  readonly #fetchJwks: () => Promise<Uint8Array>;
  readonly #times: KeyTimes;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #keys: readonly VerificationKey[] = [];
  /** When these keys came, on the monotonic clock. */
  #fetchedAt = -Infinity;
  #triedAt = -Infinity;
  #failures = 0;
  #underWay: Promise<readonly VerificationKey[]> | undefined;
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
  }

  current(): readonly VerificationKey[] | undefined {
    const now = this.#clock.monotonic();
    const age = now - this.#fetchedAt;
    if (age < this.#times.maxAge * REFRESH_AT) return this.#keys;
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

  reload(): Promise<readonly VerificationKey[]> | undefined {
    if (this.#underWay !== undefined) return this.#underWay;
    const since = this.#clock.monotonic() - this.#triedAt;
    return since < Math.max(this.#times.cooldown, this.#patience()) ? undefined : this.load();
  }

  close(): void {
    this.#closed = true;
  }

  /** How long not to try again after the last try. */
  #patience(): number {
    if (this.#failures === 0) return 0;
    return Math.min(this.#times.cooldown, FIRST_RETRY * 2 ** (this.#failures - 1));
  }

  async #fetch(): Promise<readonly VerificationKey[]> {
    this.#triedAt = this.#clock.monotonic();
    try {
      const octets = await this.#fetchJwks();
      const { keys, refused } = readKeySet(octets, this.#keys);
      if (refused.length > 0 && this.#fetchedAt === -Infinity)
        this.#logger.info({ keys: this.#name, refused }, 'keys that cannot be used are left out');
      this.#replace(keys);
    } catch (error) {
      this.#failures++;
      if (!this.#closed) {
        const kept = this.#keys.length;
        this.#logger.warn({ keys: this.#name, err: error, kept }, 'keys could not be fetched');
      }
    } finally {
      this.#underWay = undefined;
    }
    return this.#keys;
  }

  #replace(keys: readonly VerificationKey[]): void {
    for (const old of this.#keys) if (!keys.includes(old)) old.live = false;
    this.#keys = keys;
    this.#fetchedAt = this.#clock.monotonic();
    this.#failures = 0;
  }
}
