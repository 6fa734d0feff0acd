import type { Random } from '../../core/random.ts';

/**
 * The memory that all threads count in: a header, a lock for each bucket, and the buckets. It has its size from the start; the
 * system gives it to the process page by page, when keys are first written there.
 *
 * | octets of the header | what stands there                                         |
 * | -------------------- | --------------------------------------------------------- |
 * | 0–7                  | the seed of the hash                                      |
 * | 8–11                 | how many keys were forgotten before their time            |
 * | 16–23                | the moment that times to forget are counted from, in ms   |
 */
export interface LimitMemory {
  readonly buffer: SharedArrayBuffer;
  readonly words: Uint32Array<SharedArrayBuffer>;
  readonly locks: Int32Array<SharedArrayBuffer>;
  readonly doubles: Float64Array<SharedArrayBuffer>;
  readonly buckets: number;
  /** Where the first bucket begins, in octets. */
  readonly start: number;
}

const HEADER_BYTES = 64;
const LOCK_BYTES = 4;
/** How many keys a bucket holds. */
export const WAYS = 8;
/** What a key takes, in octets. */
export const ENTRY_BYTES = 32;
const BUCKET_BYTES = WAYS * ENTRY_BYTES;

/** The word of the header that counts what was forgotten. */
const FORGOTTEN = 2;
/** The double of the header that times to forget are counted from. */
const ORIGIN = 2;

/**
 * Asks for memory of so many octets, rounded up to whole doubles.
 * @param now milliseconds since the epoch.
 */
export function createLimitMemory(bytes: number, random: Random, now: number): SharedArrayBuffer {
  const memory = openLimitMemory(new SharedArrayBuffer(Math.ceil(bytes / 8) * 8));
  const seed = Buffer.from(random.bytes(8));
  memory.words[0] = seed.readUInt32LE(0);
  memory.words[1] = seed.readUInt32LE(4);
  memory.doubles[ORIGIN] = now;
  return memory.buffer;
}

/** What another thread, or this one, has asked for. */
export function openLimitMemory(buffer: SharedArrayBuffer): LimitMemory {
  const buckets = Math.floor((buffer.byteLength - 2 * HEADER_BYTES) / (BUCKET_BYTES + LOCK_BYTES));
  if (buckets < 1) throw new RangeError(`${buffer.byteLength} octets are no memory for limits`);
  const behindLocks = HEADER_BYTES + buckets * LOCK_BYTES;
  return {
    buffer,
    words: new Uint32Array(buffer),
    locks: new Int32Array(buffer, HEADER_BYTES, buckets),
    doubles: new Float64Array(buffer),
    buckets,
    // A key lies within one line of the processor's cache.
    start: Math.ceil(behindLocks / HEADER_BYTES) * HEADER_BYTES,
  };
}

/** The moment that times to forget are counted from, in milliseconds since the epoch. */
export function originOf({ doubles }: LimitMemory): number {
  return doubles[ORIGIN] ?? 0;
}

/** Counts a key that was forgotten before its time, for want of room. */
export function countForgotten({ words }: LimitMemory): void {
  Atomics.add(words, FORGOTTEN, 1);
}

/** How many keys have been forgotten before their time; begins anew after 2^32. */
export function forgottenIn({ words }: LimitMemory): number {
  return Atomics.load(words, FORGOTTEN);
}
