import { LRUCache } from 'lru-cache';
import type { Clock } from './clock.ts';

/** How much is remembered; what was least recently asked for goes first. */
export interface MemoryBounds<Value> {
  readonly entries: number;
  /** All of them together, in octets, as `sizeOf` has it. */
  readonly octets?: number;
  readonly sizeOf?: (value: Value) => number;
}

interface Entry<Value> {
  readonly value: Value;
  /** On the monotonic clock, so that a wall clock that is set keeps nothing alive. */
  readonly ends: number;
}

/** Values that are remembered for a time, so many at the most. */
export class Remembered<Value> {
  readonly #clock: Clock;
  readonly #entries: LRUCache<string, Entry<Value>>;

  constructor({ entries: max, octets: maxSize, sizeOf }: MemoryBounds<Value>, clock: Clock) {
    this.#clock = clock;
    this.#entries =
      maxSize === undefined || sizeOf === undefined
        ? new LRUCache({ max })
        : new LRUCache({ max, maxSize, sizeCalculation: ({ value }) => sizeOf(value) });
  }

  /** The value, if its time is not over. */
  get(key: string): Value | undefined {
    const found = this.#entries.get(key);
    if (found === undefined || this.#clock.monotonic() < found.ends) return found?.value;
    this.#entries.delete(key);
    return undefined;
  }

  /** @param time milliseconds for which it holds; nothing is remembered for 0. */
  set(key: string, value: Value, time: number): void {
    if (time > 0) this.#entries.set(key, { value, ends: this.#clock.monotonic() + time });
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
