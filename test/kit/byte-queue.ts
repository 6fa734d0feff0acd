const lineFeed = 0x0a;

/** Bytes that arrived and were not yet looked at. Both parsers of the kit read from one. */
export class ByteQueue {
  #bytes: Buffer = Buffer.alloc(0);
  /** Up to where the bytes are known to hold no line feed. */
  #scanned = 0;

  get length(): number {
    return this.#bytes.length;
  }

  push(chunk: Uint8Array): void {
    this.#bytes = this.#bytes.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#bytes, chunk]);
  }

  /** The bytes through the next line feed, that one included; undefined while there is none. */
  takeLine(): Buffer | undefined {
    const at = this.#bytes.indexOf(lineFeed, this.#scanned);
    if (at !== -1) return this.take(at + 1);
    this.#scanned = this.#bytes.length;
    return undefined;
  }

  /** At most so many bytes; all of them without a number. */
  take(most: number = this.#bytes.length): Buffer {
    const taken = this.#bytes.subarray(0, most);
    this.#bytes = this.#bytes.subarray(taken.length);
    this.#scanned = 0;
    return taken;
  }

  /** The bytes without taking them. */
  peek(): Buffer {
    return this.#bytes;
  }
}
