import type { Consumer } from '../../core/exchange.ts';

/** Octets of a SHA-256 digest, and the 32-bit words that they are kept in. */
const DIGEST = 32;
const WORDS = 8;

/** An entry has its digest, its owner and when it expires, side by side: memory is slow, and what is near comes along. */
const OWNER = WORDS;
const EXPIRY = WORDS + 1;
const ENTRY = WORDS + 2;

/** What {@link KeyTable.find} answers for a digest that is not there. */
export const NO_KEY = 0;

/** The last second that fits into the table: early in 2106. */
export const LATEST_EXPIRY = 0xffff_ffff;

/**
 * Keys by their digests: some 60 octets a key, however long its text was, and a look-up that reads two places of the memory
 * among a thousand as among a million (`bench/micro/api-keys.ts`). A digest is text of 32 characters, each of which is one octet.
 *
 * A hash table with open addressing: a slot has the number of an entry, 0 for none, and beside it the digest's first octets,
 * which also say where to begin to look. Digests are as good as random, so that slots fill evenly.
 */
export class KeyTable {
  /** Entry 0 belongs to nobody: what is not found is compared with it. */
  #words: Int32Array;
  /** Pairs of an entry and the head of its digest. */
  #slots: Int32Array;
  #entries = 1;
  readonly #consumers: Consumer[] = [];

  /** @param expected how many keys there will be, as far as that is known. */
  constructor(expected = 0) {
    this.#words = new Int32Array((expected + 1) * ENTRY);
    this.#slots = new Int32Array(slotsFor(expected) * 2);
  }

  /** How many keys there are. */
  get size(): number {
    return this.#entries - 1;
  }

  /** Octets of memory, without the consumers themselves. */
  get byteLength(): number {
    return this.#words.byteLength + this.#slots.byteLength;
  }

  /** @returns the number that {@link add} takes. */
  addConsumer(consumer: Consumer): number {
    return this.#consumers.push(consumer) - 1;
  }

  /**
   * @param owner as {@link addConsumer} returned it.
   * @param expiresAt seconds since the epoch, from which on the key is refused; 0 for never.
   * @returns whose key it is already, or undefined when it was added.
   */
  add(digest: string, owner: number, expiresAt: number): Consumer | undefined {
    const known = this.find(digest);
    if (known !== NO_KEY) return this.consumerOf(known);
    const entry = this.#entries++;
    const at = entry * ENTRY;
    if (at === this.#words.length) this.#grow(entry * 2);
    for (let i = 0; i < WORDS; i++) this.#words[at + i] = wordOf(digest, i);
    this.#words[at + OWNER] = owner;
    this.#words[at + EXPIRY] = expiresAt;
    if (this.#entries * 4 > this.#slots.length) this.#rehash(this.#slots.length * 2);
    else this.#place(entry);
    return undefined;
  }

  /**
   * Looks a digest up; what it costs does not depend on whether it is there. All slots are looked at that could have it, and
   * one digest is compared to its end, with no way out at the first difference.
   * @returns the entry, or {@link NO_KEY}.
   */
  find(digest: string): number {
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    const head = wordOf(digest, 0);
    let candidate = NO_KEY;
    for (let at = head & mask; ; at = (at + 1) & mask) {
      const entry = slots[at * 2] ?? NO_KEY;
      if (entry === NO_KEY) break;
      // Heads of two digests can be the same by a chance of one in four billions, or because somebody wrote them so.
      if (slots[at * 2 + 1] === head && (candidate === NO_KEY || this.#difference(entry, digest) === 0))
        candidate = entry;
    }
    // Nobody's digest is all zeros, but somebody may present it in a test.
    const same = this.#difference(candidate, digest) === 0 && digest.length === DIGEST;
    return same ? candidate : NO_KEY;
  }

  /** @throws RangeError for {@link NO_KEY}. */
  consumerOf(entry: number): Consumer {
    const consumer = entry === NO_KEY ? undefined : this.#consumers[this.#words[entry * ENTRY + OWNER] ?? -1];
    if (consumer === undefined) throw new RangeError(`there is no entry ${entry}`);
    return consumer;
  }

  /** Whether the key may not be used any more. @param now milliseconds since the epoch. */
  hasExpired(entry: number, now: number): boolean {
    // Seconds since the epoch beyond 2038 are negative as 32 bits with a sign.
    const expiresAt = (this.#words[entry * ENTRY + EXPIRY] ?? 0) >>> 0;
    return expiresAt !== 0 && now >= expiresAt * 1000;
  }

  /** 0 when they are the same. */
  #difference(entry: number, digest: string): number {
    const at = entry * ENTRY;
    let difference = 0;
    for (let i = 0; i < WORDS; i++) difference |= (this.#words[at + i] ?? 0) ^ wordOf(digest, i);
    return difference;
  }

  #place(entry: number): void {
    const slots = this.#slots;
    const mask = slots.length / 2 - 1;
    const head = this.#words[entry * ENTRY] ?? 0;
    let at = head & mask;
    while (slots[at * 2] !== NO_KEY) at = (at + 1) & mask;
    slots[at * 2] = entry;
    slots[at * 2 + 1] = head;
  }

  #grow(entries: number): void {
    const words = new Int32Array(entries * ENTRY);
    words.set(this.#words);
    this.#words = words;
  }

  #rehash(length: number): void {
    this.#slots = new Int32Array(length);
    for (let entry = 1; entry < this.#entries; entry++) this.#place(entry);
  }
}

/** The how-many-th 32 bits of a digest, with a sign. */
function wordOf(digest: string, index: number): number {
  const at = index * 4;
  return (
    digest.charCodeAt(at) |
    (digest.charCodeAt(at + 1) << 8) |
    (digest.charCodeAt(at + 2) << 16) |
    (digest.charCodeAt(at + 3) << 24)
  );
}

/** A power of two, so that never more than half of the slots are taken. */
function slotsFor(keys: number): number {
  let slots = 16;
  while (slots < (keys + 1) * 2) slots *= 2;
  return slots;
}
