/** What one read into the memory of all sockets may bring, in octets. */
const SHARED_SIZE = 64 * 1024;

/** For a socket that brings much: what many programs write at once, 64 KiB, with the head or the framing around it. */
const OWN_SIZE = 72 * 1024;

/** For a socket that fills that: fewer and larger reads and writes take 40 % less time for each octet. */
const LARGE_SIZE = 256 * 1024;

/** How many sockets of a thread may have so much at a time: it must not depend on clients how much memory there is in all. */
const LARGE_MOST = 16;

/** The memory that the sockets of one thread read into. */
export class ReadMemory {
  /** For all sockets, as long as little comes. */
  readonly shared: Buffer = Buffer.allocUnsafeSlow(SHARED_SIZE);
  #large = 0;

  /** Memory for one socket. */
  own(): Buffer {
    return Buffer.allocUnsafeSlow(OWN_SIZE);
  }

  /** Much memory for one socket, if there is some left; {@link leave} comes when it is not used any more. */
  large(): Buffer | undefined {
    if (this.#large >= LARGE_MOST) return undefined;
    this.#large++;
    return Buffer.allocUnsafeSlow(LARGE_SIZE);
  }

  /** Memory of either kind is not used any more; called once for each, before it is given back. */
  leave(memory: Buffer): void {
    if (memory.length === LARGE_SIZE) this.#large--;
  }

  isLarge(memory: Buffer): boolean {
    return memory.length === LARGE_SIZE;
  }

  /** How many sockets have much memory. */
  get largeInUse(): number {
    return this.#large;
  }
}
