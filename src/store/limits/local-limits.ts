import { hash } from 'node:crypto';
import type { Clock } from '../../core/clock.ts';
import type {
  LimitDecision,
  LimitEffect,
  LimitRule,
  LocalLimiter,
  LocalLimitStore,
} from '../../core/limits.ts';
import { MAX_RULES } from '../../core/limits.ts';
import type { Algorithm, LimitCell } from './limit-cell.ts';
import { algorithmOf } from './algorithm.ts';
import { BucketLocks } from './bucket-locks.ts';
import { KeyHash } from './key-hash.ts';
import { openLimitMemory } from './limit-memory.ts';
import { countedState } from './limit-state.ts';
import { mostOf } from './most-level.ts';
import { LimitTable } from './limit-table.ts';

/**
 * Limits that are counted in the memory of this process, exactly over all its threads.
 *
 * A key is known by a digest of 64 bits, made with a secret of this process. Should two have the same one (with a million keys
 * at once, the chance that any two do is one in 37 million), they count together.
 */
export class LocalLimits implements LocalLimitStore {
  readonly #table: LimitTable;
  readonly #locks: BucketLocks;
  readonly #hash: KeyHash;
  readonly #clock: Pick<Clock, 'now'>;

  /**
   * @param buffer made by `createLimitMemory`.
   * @param owner who this thread is: a number from 1 that no other thread has or had.
   */
  constructor(buffer: SharedArrayBuffer, owner: number, clock: Pick<Clock, 'now'>) {
    const memory = openLimitMemory(buffer);
    this.#table = new LimitTable(memory);
    this.#locks = new BucketLocks(memory.locks, owner);
    this.#hash = new KeyHash(memory.words[0] ?? 0, memory.words[1] ?? 0);
    this.#clock = clock;
  }

  limiter(rules: readonly LimitRule[]): LocalLimiter {
    return this.#open(
      rules.map((rule) => placeOf(rule)),
      this.#clock,
    );
  }

  /**
   * A limiter that learns from elsewhere what else was counted.
   * @param clock the one that goes there.
   */
  mirror(rules: readonly LimitRule[], clock: Pick<Clock, 'now'>): MirrorLimiter {
    // Under names of their own: these counts go by another clock.
    return this.#open(
      rules.map((rule) => placeOf({ ...rule, id: `mirror ${rule.id}` }, mostOf(rule))),
      clock,
    );
  }

  #open(places: readonly Place[], clock: Pick<Clock, 'now'>): RuleSet {
    if (places.length > MAX_RULES) throw new RangeError(`${places.length} limits are more than ${MAX_RULES}`);
    return new RuleSet(places, this.#table, this.#locks, this.#hash, clock);
  }
}

/** A limiter in this process beside one elsewhere. */
export interface MirrorLimiter extends LocalLimiter {
  /**
   * Takes over how a key stands elsewhere, where more was counted there than here.
   * @param cells in the order of the rules.
   * @param pending units that were counted here and are not in there yet.
   */
  merge(key: string, cells: readonly LimitCell[], pending: number): void;
}

/** A rule on its way through a decision. One object for all decisions: what they do is done before the next one begins. */
interface Place {
  readonly rule: LimitRule;
  readonly algorithm: Algorithm;
  /** The highest level there can be. */
  readonly most: number;
  /** The digest of the rule: that of a key is mixed with it. */
  readonly salt: { readonly low: number; readonly high: number };
  readonly cell: LimitCell;
  low: number;
  high: number;
  bucket: number;
  /** Whether a place before it has the same bucket, and so its lock. */
  isLocked: boolean;
  entry: number;
}

class RuleSet implements MirrorLimiter {
  readonly #places: readonly Place[];
  /** The places in the order of their buckets: who locks in this order waits for nobody who waits. */
  readonly #byBucket: Place[];
  readonly #taken: Int32Array;
  /** How many places of the bucket order are locked. */
  #locked = 0;
  readonly #table: LimitTable;
  readonly #locks: BucketLocks;
  readonly #hash: KeyHash;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(
    places: readonly Place[],
    table: LimitTable,
    locks: BucketLocks,
    keyHash: KeyHash,
    clock: Pick<Clock, 'now'>,
  ) {
    this.#places = places;
    this.#byBucket = [...places];
    this.#taken = new Int32Array(places.length).fill(-1);
    this.#table = table;
    this.#locks = locks;
    this.#hash = keyHash;
    this.#clock = clock;
  }

  decide(key: string, cost: number, effect: LimitEffect): LimitDecision {
    this.#find(key);
    try {
      this.#lock();
      // Behind the locks, so that time never goes back from one decision on a key to the next.
      return this.#decide(this.#clock.now(), cost, effect);
    } finally {
      this.#unlock();
    }
  }

  merge(key: string, cells: readonly LimitCell[], pending: number): void {
    this.#find(key);
    try {
      this.#lock();
      const now = this.#clock.now();
      this.#read(now);
      for (const [i, { algorithm, rule, most, cell }] of this.#places.entries()) {
        const other: LimitCell = { time: 0, level: 0, previous: 0, ...cells[i] };
        algorithm.advance(other, rule, now, most);
        algorithm.add(other, rule, pending, most);
        cell.level = Math.max(cell.level, other.level);
        cell.previous = Math.max(cell.previous, other.previous);
      }
      const counts = this.#places.some(({ cell: { level, previous } }) => level > 0 || previous > 0);
      this.#keep(now, counts);
    } finally {
      this.#unlock();
    }
  }

  #lock(): void {
    this.#locked = 0;
    for (const place of this.#byBucket) {
      if (!place.isLocked) this.#locks.lock(place.bucket);
      this.#locked++;
    }
  }

  #unlock(): void {
    for (let i = 0; i < this.#locked; i++) {
      const place = this.#byBucket[i];
      if (place !== undefined && !place.isLocked) this.#locks.unlock(place.bucket);
    }
  }

  /** Where the counts of a key are. */
  #find(key: string): void {
    const { buckets } = this.#table;
    this.#hash.hash(key);
    const { low, high } = this.#hash;
    for (const place of this.#places) {
      place.low = (low ^ place.salt.low) >>> 0;
      place.high = (high ^ place.salt.high) >>> 0;
      place.bucket = Math.floor((place.high / 2 ** 32) * buckets);
    }
    const sorted = this.#byBucket;
    if (sorted.length > 1) sorted.sort(compareBuckets);
    let before = -1;
    for (const place of sorted) {
      place.isLocked = place.bucket === before;
      before = place.bucket;
    }
  }

  #decide(now: number, cost: number, effect: LimitEffect): LimitDecision {
    this.#read(now);
    let allowed = true;
    for (const { cell, rule, algorithm } of this.#places) {
      if (!algorithm.fits(cell, rule, cost)) allowed = false;
    }
    const counts = effect === 'charge' || (effect === 'take' && allowed);
    const states = this.#places.map(({ rule, algorithm, cell }) =>
      countedState(rule, algorithm, cell, cost, counts),
    );
    if (effect !== 'peek') this.#keep(now, counts);
    return { allowed, states };
  }

  /** How the places stand now. */
  #read(now: number): void {
    for (const place of this.#places) {
      const { cell, rule, algorithm, most } = place;
      place.entry = this.#table.find(place.bucket, place.low, place.high);
      if (place.entry === -1) cell.time = cell.level = cell.previous = 0;
      else this.#table.read(place.entry, cell);
      algorithm.advance(cell, rule, now, most);
    }
  }

  /** Writes down what was counted; of a request that was refused, only that its keys were seen. */
  #keep(now: number, counts: boolean): void {
    const taken = this.#taken;
    for (let i = 0; i < this.#places.length; i++) taken[i] = this.#places[i]?.entry ?? -1;
    for (let i = 0; i < this.#places.length; i++) {
      const place = this.#places[i];
      if (place === undefined || (place.entry === -1 && !counts)) continue;
      if (place.entry === -1) taken[i] = place.entry = this.#table.claim(place.bucket, now, taken);
      const { rule, algorithm, cell } = place;
      this.#table.write(place.entry, place.low, place.high, cell, algorithm.wait(cell, rule, rule.burst));
    }
  }
}

function placeOf(rule: LimitRule, most?: number): Place {
  const digest = hash('sha256', rule.id, 'buffer');
  const algorithm = algorithmOf(rule);
  return {
    rule,
    algorithm,
    most: most ?? algorithm.full(rule),
    salt: { low: digest.readUInt32LE(0), high: digest.readUInt32LE(4) },
    cell: { time: 0, level: 0, previous: 0 },
    low: 0,
    high: 0,
    bucket: 0,
    isLocked: false,
    entry: -1,
  };
}

function compareBuckets(a: Place, b: Place): number {
  return a.bucket - b.bucket;
}
