/**
 * FNV-1a, one character a step. The keys come from the configuration, so that nobody outside can pick keys that
 * collide; a request whose hash hits a key by chance costs one comparison.
 */
export const HASH_START: number = 0x811c9dc5 | 0;

/** The hash of a text plus one character, from the hash of the text. */
export function hashStep(hash: number, code: number): number {
  return Math.imul(hash ^ code, 0x01000193);
}

interface Entry<Value> {
  readonly key: string;
  readonly hash: number;
  readonly value: Value;
}

/** What stands where there is no entry; a key whose hash is 0 gets another. */
const EMPTY = 0;

/**
 * A map whose keys are looked up as parts of a longer text, by a hash that the caller has computed on the way through
 * it. Unlike a `Map` it needs no slice of the text: 10,000 routes are looked up without an allocation.
 */
export class SubstringTable<Value> {
  /** Open addressing; the length is a power of two, at most half of it is taken. */
  #entries: (Entry<Value> | undefined)[] = [undefined, undefined];
  /** The hashes of the entries, side by side: a miss, which is what most look-ups are, touches no entry. */
  #hashes: number[] = [EMPTY, EMPTY];
  #size = 0;
  /** The length of the longest key; 0 when there is none. */
  #longest = 0;

  get longest(): number {
    return this.#longest;
  }

  /** The value of a key, made with `create` when it is new. */
  getOrAdd(key: string, create: () => Value): Value {
    let hash = HASH_START;
    for (let i = 0; i < key.length; i++) hash = hashStep(hash, key.charCodeAt(i));
    const known = this.find(key, 0, key.length, hash);
    if (known !== undefined) return known;
    const entry = { key, hash: hash === EMPTY ? 1 : hash, value: create() };
    if (++this.#size * 2 > this.#entries.length) this.#grow();
    this.#insert(entry);
    this.#longest = Math.max(this.#longest, key.length);
    return entry.value;
  }

  /** The value of the key that `text` spells from `start` to `end`, whose hash is `hash`; undefined when there is none. */
  find(text: string, start: number, end: number, hash: number): Value | undefined {
    const wanted = hash === EMPTY ? 1 : hash;
    const hashes = this.#hashes;
    const mask = hashes.length - 1;
    for (let at = slotOf(wanted, mask); ; at = (at + 1) & mask) {
      const candidate = hashes[at];
      if (candidate === wanted) {
        const entry = this.#entries[at];
        if (entry !== undefined && entry.key.length === end - start && text.startsWith(entry.key, start)) {
          return entry.value;
        }
      } else if (candidate === EMPTY) {
        return undefined;
      }
    }
  }

  /** The values, in no order. */
  *values(): Generator<Value> {
    for (const entry of this.#entries) if (entry !== undefined) yield entry.value;
  }

  #grow(): void {
    const entries = this.#entries;
    this.#entries = Array<Entry<Value> | undefined>(entries.length * 2).fill(undefined);
    this.#hashes = Array<number>(entries.length * 2).fill(EMPTY);
    for (const entry of entries) if (entry !== undefined) this.#insert(entry);
  }

  #insert(entry: Entry<Value>): void {
    const mask = this.#hashes.length - 1;
    let at = slotOf(entry.hash, mask);
    while (this.#hashes[at] !== EMPTY) at = (at + 1) & mask;
    this.#hashes[at] = entry.hash;
    this.#entries[at] = entry;
  }
}

/** The upper bits of a hash take part in choosing the slot. */
function slotOf(hash: number, mask: number): number {
  return (hash ^ (hash >>> 15)) & mask;
}
