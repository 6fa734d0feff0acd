import type { Consumer } from '../../core/exchange.ts';

/** Octets of a SHA-256 digest. */
const DIGEST = 32;

/** What {@link KeyTable.find} answers for a digest that is not there. */
export const NO_KEY = 0;

/** The last second that fits into the table: early in 2106. */
export const LATEST_EXPIRY = 0xffff_ffff;

/**
 * Keys by their digests: some 50 octets a key, however long its text was, and a look-up that takes the same time among a
 * thousand and a million (`bench/micro/api-keys.ts`). A digest is text of 32 characters, each of which is one octet.
 *
 * A hash table with open addressing: a slot has the number of an entry, 0 for none, and the digest's own first octets say
 * where to begin to look. Digests are as good as random, so that slots fill evenly.
 */
export class KeyTable {
  /** Entry 0 belongs to nobody: what is not found is compared with it. */
  #digests: Uint8Array;
  #owners: Uint32Array;
  /** Seconds since the epoch; 0 for never. */
  #expiries: Uint32Array;
  #slots: Uint32Array;
  #entries = 1;
  readonly #consumers: Consumer[] = [];

  /** @param expected how many keys there will be, as far as that is known. */
  constructor(expected = 0) {
    this.#digests = new Uint8Array((expected + 1) * DIGEST);
    this.#owners = new Uint32Array(expected + 1);
    this.#expiries = new Uint32Array(expected + 1);
    this.#slots = new Uint32Array(slotsFor(expected));
  }

  /** How many keys there are. */
  get size(): number {
    return this.#entries - 1;
  }

  /** Octets of memory, without the consumers themselves. */
  get byteLength(): number {
    const { byteLength } = this.#digests;
    return byteLength + this.#owners.byteLength + this.#expiries.byteLength + this.#slots.byteLength;
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
    if (entry === this.#owners.length) this.#grow(entry * 2);
    for (let i = 0; i < DIGEST; i++) this.#digests[entry * DIGEST + i] = digest.charCodeAt(i);
    this.#owners[entry] = owner;
    this.#expiries[entry] = expiresAt;
    if (this.#entries * 2 > this.#slots.length) this.#rehash(this.#slots.length * 2);
    else this.#place(entry);
    return undefined;
  }

  /**
   * Looks a digest up; what it costs does not depend on whether it is there. All slots are looked at that could have it, and
   * one digest is compared to its end, with no way out at the first difference.
   * @returns the entry, or {@link NO_KEY}.
   */
  find(digest: string): number {
    const mask = this.#slots.length - 1;
    const head = headOf(digest);
    let candidate = NO_KEY;
    for (let at = head & mask; ; at = (at + 1) & mask) {
      const entry = this.#slots[at] ?? NO_KEY;
      if (entry === NO_KEY) break;
      // Heads of two digests can be the same by a chance of one in four billions, or because somebody wrote them so.
      if (this.#headAt(entry) === head && (candidate === NO_KEY || this.#difference(entry, digest) === 0))
        candidate = entry;
    }
    // Nobody's digest is all zeros, but somebody may present it in a test.
    const same = this.#difference(candidate, digest) === 0 && digest.length === DIGEST;
    return same ? candidate : NO_KEY;
  }

  /** @throws RangeError for {@link NO_KEY}. */
  consumerOf(entry: number): Consumer {
    const consumer = entry === NO_KEY ? undefined : this.#consumers[this.#owners[entry] ?? -1];
    if (consumer === undefined) throw new RangeError(`there is no entry ${entry}`);
    return consumer;
  }

  /** Whether the key may not be used any more. @param now milliseconds since the epoch. */
  hasExpired(entry: number, now: number): boolean {
    const expiresAt = this.#expiries[entry] ?? 0;
    return expiresAt !== 0 && now >= expiresAt * 1000;
  }

  #headAt(entry: number): number {
    const digests = this.#digests;
    const at = entry * DIGEST;
    return (
      (digests[at] ?? 0) |
      ((digests[at + 1] ?? 0) << 8) |
      ((digests[at + 2] ?? 0) << 16) |
      ((digests[at + 3] ?? 0) << 24)
    );
  }

  /** 0 when they are the same. */
  #difference(entry: number, digest: string): number {
    const at = entry * DIGEST;
    let difference = 0;
    for (let i = 0; i < DIGEST; i++) difference |= (this.#digests[at + i] ?? 0) ^ digest.charCodeAt(i);
    return difference;
  }

  #place(entry: number): void {
    const mask = this.#slots.length - 1;
    let at = this.#headAt(entry) & mask;
    while (this.#slots[at] !== NO_KEY) at = (at + 1) & mask;
    this.#slots[at] = entry;
  }

  #grow(entries: number): void {
    this.#digests = larger(this.#digests, new Uint8Array(entries * DIGEST));
    this.#owners = larger(this.#owners, new Uint32Array(entries));
    this.#expiries = larger(this.#expiries, new Uint32Array(entries));
  }

  #rehash(slots: number): void {
    this.#slots = new Uint32Array(slots);
    for (let entry = 1; entry < this.#entries; entry++) this.#place(entry);
  }
}

/** The first 32 bits. */
function headOf(digest: string): number {
  return (
    digest.charCodeAt(0) |
    (digest.charCodeAt(1) << 8) |
    (digest.charCodeAt(2) << 16) |
    (digest.charCodeAt(3) << 24)
  );
}

/** A power of two, so that never more than half of the slots are taken. */
function slotsFor(keys: number): number {
  let slots = 16;
  while (slots < (keys + 1) * 2) slots *= 2;
  return slots;
}

function larger<Numbers extends Uint8Array | Uint32Array>(numbers: Numbers, into: Numbers): Numbers {
  into.set(numbers);
  return into;
}
