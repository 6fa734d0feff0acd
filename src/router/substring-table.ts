/**
 * FNV-1a, one character a step. The keys come from the configuration, so that nobody outside can pick keys that
 * collide; a request whose hash hits a key by chance costs one comparison.
 */
export const HASH_START = 0x811c9dc5;

/** The hash of a text plus one character, from the hash of the text. */
export function hashStep(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193);
}

interface Slot<Value> {
  readonly key: string;
  readonly hash: number;
  readonly value: Value;
}

/**
 * A map whose keys are looked up as parts of a longer text, by a hash that the caller has computed on the way through
 * it. Unlike a `Map` it needs no slice of the text: 10,000 routes are looked up without an allocation.
 */
export class SubstringTable<Value> {
  /** Open addressing; the length is a power of two, at most half full. */
  #slots: (Slot<Value> | undefined)[] = [undefined, undefined];
  #size = 0;
  /** The length of the longest key; 0 when there is none. */
  longest = 0;

  /** The value of a key, made with `create` when it is new. */
  getOrAdd(key: string, create: () => Value): Value {
    let hash = HASH_START;
    for (let i = 0; i < key.length; i++) hash = hashStep(hash, key.charCodeAt(i));
    const known = this.find(key, 0, key.length, hash);
    if (known !== undefined) return known;
    const slot = { key, hash, value: create() };
    if (++this.#size * 2 > this.#slots.length) this.#grow();
    this.#insert(slot);
    this.longest = Math.max(this.longest, key.length);
    return slot.value;
  }

  /** The value of the key that `text` spells from `start` to `end`, whose hash is `hash`; undefined when there is none. */
  find(text: string, start: number, end: number, hash: number): Value | undefined {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let at = spread(hash) & mask; ; at = (at + 1) & mask) {
      const slot = slots[at];
      if (slot === undefined) return undefined;
      if (slot.hash === hash && slot.key.length === end - start && text.startsWith(slot.key, start))
        return slot.value;
    }
  }

  /** The values, in no order. */
  *values(): Generator<Value> {
    for (const slot of this.#slots) if (slot !== undefined) yield slot.value;
  }

  #grow(): void {
    const slots = this.#slots;
    this.#slots = Array<Slot<Value> | undefined>(slots.length * 2).fill(undefined);
    for (const slot of slots) if (slot !== undefined) this.#insert(slot);
  }

  #insert(slot: Slot<Value>): void {
    const mask = this.#slots.length - 1;
    let at = spread(slot.hash) & mask;
    while (this.#slots[at] !== undefined) at = (at + 1) & mask;
    this.#slots[at] = slot;
  }
}

/** Mixes the upper bits of a hash into the lower ones, which choose the slot. */
function spread(hash: number): number {
  return hash ^ (hash >>> 15);
}
