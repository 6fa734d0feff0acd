import type { Random } from '../../core/random.ts';

/**
 * The memory in which all threads count what is under way: a header, and for each bucket a lock, how far it is used, the tags and
 * the entries. It has its size from the start; the system gives it to the process page by page, when it is first written to.
 *
 * | words of the header | what stands there                                      |
 * | ------------------- | ------------------------------------------------------ |
 * | 0, 1                | the seed of the hash                                   |
 * | 2                   | the ticket that the next one in any queue gets         |
 * | 3                   | how often there was no room for an entry               |
 * | 16–271              | the bells: each thread listens to one                  |
 *
 * There is an entry for each key under way and thread that has to do with it. Only whole words are written, in an order in which a thread
 * may end after any of them.
 */
export interface SlotMemory {
  readonly buffer: SharedArrayBuffer;
  readonly header: Int32Array<SharedArrayBuffer>;
  readonly locks: Int32Array<SharedArrayBuffer>;
  /** Of each bucket, how many ways from the first one on may be in use. */
  readonly marks: Int32Array<SharedArrayBuffer>;
  /** Of each way, half of a key's digest; 0 is a way that is free. */
  readonly tags: Int32Array<SharedArrayBuffer>;
  readonly entries: Int32Array<SharedArrayBuffer>;
  readonly buckets: number;
}

/** Entries of a bucket: more than there can be threads, so that one key has room in it with all of them. */
export const WAYS = 512;
/** Words of an entry. */
export const WORDS = 8;
/** Enough for 130 000 keys that are under way at the same moment; 5 MB. */
const BUCKETS = 256;
const HEADER_WORDS = 272;
const FIRST_BELL = 16;
/** How many bells there are. */
export const BELLS = 256;

/** The word of the header that tickets are taken from. */
export const NEXT_TICKET = 2;
/** The word of the header that counts for what there was no room. */
export const NO_ROOM = 3;

/** Asks for the memory of one gateway. */
export function createSlotMemory(random: Random, buckets: number = BUCKETS): SharedArrayBuffer {
  const words = HEADER_WORDS + buckets * (2 + WAYS + WAYS * WORDS);
  const memory = openSlotMemory(new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT));
  const seed = Buffer.from(random.bytes(8));
  memory.header[0] = seed.readInt32LE(0);
  memory.header[1] = seed.readInt32LE(4);
  return memory.buffer;
}

/** What another thread, or this one, has asked for. */
export function openSlotMemory(buffer: SharedArrayBuffer): SlotMemory {
  const all = new Int32Array(buffer);
  const buckets = (all.length - HEADER_WORDS) / (2 + WAYS + WAYS * WORDS);
  let at = HEADER_WORDS;
  const part = (words: number): Int32Array<SharedArrayBuffer> => all.subarray(at, (at += words));
  return {
    buffer,
    header: all.subarray(0, HEADER_WORDS),
    locks: part(buckets),
    marks: part(buckets),
    tags: part(buckets * WAYS),
    entries: part(buckets * WAYS * WORDS),
    buckets,
  };
}

/** Where in the header the bell of a thread is. Should two have the same one, each is woken for the other as well. */
export function bellOf(owner: number): number {
  return FIRST_BELL + (owner % BELLS);
}
