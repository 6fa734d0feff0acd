import { Socket } from 'node:net';

/** What waits until it can go on. */
type Continue = (error?: Error | null) => void;

/**
 * A socket without a system behind it: what is written to it is read from the other one of its pair. It is a `net.Socket` in
 * all that does not concern a connection of the system, with backpressure, half-closing and errors; it opens nothing.
 */
export class MemorySocket extends Socket {
  readonly #event: 'connect' | 'secureConnect';
  /** Sees what comes before anybody reads it. */
  onReceive: ((octets: Buffer) => void) | undefined;
  #peer: MemorySocket | undefined;
  /** What was written before there was a connection, or while the other side did not read. */
  #waiting: Continue | undefined;
  /** The other side's write that waits for this side to read. */
  #unread: Continue | undefined;
  #failure: Error | undefined;

  /**
   * @param event what it says when it is joined.
   * @param own further options of the stream; with none, it is as the other programs' sockets are.
   */
  constructor(event: 'connect' | 'secureConnect' = 'connect', own: { readonly highWaterMark?: number } = {}) {
    super({ allowHalfOpen: true, ...own });
    this.#event = event;
  }

  /** Joins two ends; each says `connect` soon. */
  static join(one: MemorySocket, other: MemorySocket): void {
    if (one.destroyed || other.destroyed) {
      one.destroy();
      other.destroy();
      return;
    }
    for (const [end, peer] of [
      [one, other],
      [other, one],
    ] as const) {
      end.#peer = peer;
      const waiting = end.#waiting;
      end.#waiting = undefined;
      end.emit(end.#event);
      waiting?.();
    }
  }

  /** Ends both sides as a reset does: what is under way is lost. */
  override resetAndDestroy(): this {
    this.#peer?.destroy(systemError('ECONNRESET', 'read'));
    return this.destroy();
  }

  override _read(): void {
    this.#goOn();
  }

  #goOn(): void {
    const unread = this.#unread;
    this.#unread = undefined;
    unread?.();
  }

  override _write(chunk: Buffer | string, encoding: BufferEncoding, done: Continue): void {
    // The writer's memory is its own again once it is told that it was taken.
    const octets = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk);
    this.#pass(octets, done);
  }

  override _writev(
    chunks: readonly { chunk: Buffer | string; encoding: BufferEncoding }[],
    done: Continue,
  ): void {
    const octets = chunks.map(({ chunk, encoding }) =>
      typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk,
    );
    this.#pass(Buffer.concat(octets), done);
  }

  override _final(done: Continue): void {
    this.#whenJoined(done, (peer) => {
      if (!peer.destroyed) peer.push(null);
      done();
    });
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    const peer = this.#peer;
    this.#peer = undefined;
    this.#failure = error ?? systemError('EPIPE', 'write');
    this.#goOn();
    this.#waiting?.(this.#failure);
    this.#waiting = undefined;
    done(error);
    // Sockets say so themselves, once their handle is closed.
    process.nextTick(() => this.emit('close', error !== null));
    // Whoever closes without a word to the end has still said what was read of it, and nothing more.
    if (peer !== undefined && !peer.destroyed) peer.#lose(this.writableFinished);
  }

  #pass(octets: Buffer, done: Continue): void {
    this.#whenJoined(done, (peer) => {
      if (!peer.destroyed) peer.onReceive?.(octets);
      if (peer.destroyed) done(systemError('EPIPE', 'write'));
      else if (octets.length === 0 || peer.push(octets)) done();
      else peer.#unread = done;
    });
  }

  #whenJoined(done: Continue, then: (peer: MemorySocket) => void): void {
    if (this.#failure !== undefined) done(this.#failure);
    else if (this.#peer !== undefined) then(this.#peer);
    else this.#waiting = (error) => (error ? done(error) : this.#whenJoined(done, then));
  }

  /** The other side is gone. */
  #lose(finished: boolean): void {
    this.#peer = undefined;
    this.#failure = systemError('EPIPE', 'write');
    if (!finished) this.push(null);
    this.#waiting?.(this.#failure);
    this.#waiting = undefined;
  }
}

/** An error as the system's sockets have it. */
export function systemError(code: string, syscall: string, words: string = code): Error {
  return Object.assign(new Error(`${syscall} ${words}`), { code, syscall });
}
