import type { LimitCell } from './limit-cell.ts';
import { countForgotten, ENTRY_BYTES, type LimitMemory, originOf, WAYS } from './limit-memory.ts';

/*
 * An entry, as 32-bit words: 0 and 1 the key's digest, 2 the level of the window before, 3 when it can be forgotten, in
 * seconds from the origin, 0 for an entry that was never used; and as doubles: 2 its time, 3 its level.
 */
const WORDS = ENTRY_BYTES / 4;
const DOUBLES = ENTRY_BYTES / 8;
const PREVIOUS = 2;
const EXPIRES = 3;
const TIME = 2;
const LEVEL = 3;
const MAX_SECONDS = 2 ** 32 - 1;

/**
 * The entries of all keys, in buckets of eight. However many keys come, it does not grow: a new one takes the place of one that
 * is as good as new, and where there is none, of the one that was not seen for longest.
 *
 * Everything here needs the lock of the bucket.
 */
export class LimitTable {
  readonly buckets: number;
  readonly #memory: LimitMemory;
  readonly #words: Uint32Array;
  readonly #doubles: Float64Array;
  readonly #firstWord: number;
  readonly #firstDouble: number;
  readonly #origin: number;

  constructor(memory: LimitMemory) {
    this.#memory = memory;
    this.buckets = memory.buckets;
    this.#words = memory.words;
    this.#doubles = memory.doubles;
    this.#firstWord = memory.start / 4;
    this.#firstDouble = memory.start / 8;
    this.#origin = originOf(memory);
  }

  /** The entry of a key, or −1. */
  find(bucket: number, low: number, high: number): number {
    const first = bucket * WAYS;
    for (let entry = first; entry < first + WAYS; entry++) {
      const at = this.#firstWord + entry * WORDS;
      if (this.#words[at] === low && this.#words[at + 1] === high && this.#words[at + EXPIRES] !== 0)
        return entry;
    }
    return -1;
  }

  /**
   * An entry for a key that has none.
   * @param taken entries that must stay.
   */
  claim(bucket: number, now: number, taken: Int32Array): number {
    const first = bucket * WAYS;
    let oldest = -1;
    let oldestTime = Infinity;
    for (let entry = first; entry < first + WAYS; entry++) {
      if (taken.includes(entry)) continue;
      const expires = this.#words[this.#firstWord + entry * WORDS + EXPIRES] ?? 0;
      if (expires === 0 || this.#origin + expires * 1000 <= now) return entry;
      const time = this.#doubles[this.#firstDouble + entry * DOUBLES + TIME] ?? 0;
      // From a time before the clock was set back.
      const seen = time > now ? -1 : time;
      if (seen >= oldestTime) continue;
      oldest = entry;
      oldestTime = seen;
    }
    countForgotten(this.#memory);
    return oldest;
  }

  read(entry: number, cell: LimitCell): void {
    cell.time = this.#doubles[this.#firstDouble + entry * DOUBLES + TIME] ?? 0;
    cell.level = this.#doubles[this.#firstDouble + entry * DOUBLES + LEVEL] ?? 0;
    cell.previous = this.#words[this.#firstWord + entry * WORDS + PREVIOUS] ?? 0;
  }

  /** @param reset milliseconds from the cell's time on after which it can be forgotten. */
  write(entry: number, low: number, high: number, cell: LimitCell, reset: number): void {
    const word = this.#firstWord + entry * WORDS;
    const double = this.#firstDouble + entry * DOUBLES;
    const expires = Math.ceil((cell.time + reset - this.#origin) / 1000);
    this.#words[word] = low;
    this.#words[word + 1] = high;
    this.#words[word + PREVIOUS] = cell.previous;
    this.#words[word + EXPIRES] = Math.min(Math.max(expires, 1), MAX_SECONDS);
    this.#doubles[double + TIME] = cell.time;
    this.#doubles[double + LEVEL] = cell.level;
  }
}
