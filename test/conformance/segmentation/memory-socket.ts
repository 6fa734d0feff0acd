import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';

/**
 * What the engine uses of a socket, without a system behind it: a read is exactly the piece that the test delivers,
 * which no real socket promises. Everything happens at once, in the call that causes it.
 */
export class MemorySocket extends EventEmitter {
  /** Everything written, latin1. */
  written = '';
  destroyed = false;
  writableEnded = false;
  readonly writableLength = 0;
  readonly localPort = 80;
  /** Whether the other side would see a reset. */
  wasReset = false;
  #paused = false;
  #inbox: Buffer[] = [];
  #finished = false;
  #delivering = false;

  /** The same object, as the engine's types want it. */
  get asSocket(): Socket {
    // The engine uses no more of it than what stands here; the first call of anything else fails loudly.
    return this as unknown as Socket;
  }

  /** A read brings this piece, now or when reading goes on. */
  deliver(piece: Buffer): void {
    this.#inbox.push(piece);
    this.#pump();
  }

  /** The other side says that nothing more will come. */
  finish(): void {
    this.#finished = true;
    this.#pump();
  }

  write(data: string | Uint8Array, encoding?: BufferEncoding): boolean {
    if (this.destroyed || this.writableEnded) return false;
    this.written +=
      typeof data === 'string'
        ? Buffer.from(data, encoding).toString('latin1')
        : Buffer.from(data).toString('latin1');
    return true;
  }

  end(): this {
    this.writableEnded = true;
    return this;
  }

  destroy(): this {
    if (this.destroyed) return this;
    this.destroyed = true;
    this.writableEnded = true;
    this.#inbox = [];
    this.emit('close', false);
    return this;
  }

  destroySoon(): void {
    this.destroy();
  }

  resetAndDestroy(): this {
    this.wasReset = true;
    return this.destroy();
  }

  pause(): this {
    this.#paused = true;
    return this;
  }

  resume(): this {
    this.#paused = false;
    this.#pump();
    return this;
  }

  isPaused(): boolean {
    return this.#paused;
  }

  setNoDelay(): this {
    return this;
  }

  cork(): void {
    // Nothing is lost by writing at once: only the octets count here.
  }

  uncork(): void {
    // See cork.
  }

  #pump(): void {
    // A handler may resume from within: what is under way goes on by itself.
    if (this.#delivering) return;
    this.#delivering = true;
    while (!this.#paused && !this.destroyed) {
      const piece = this.#inbox.shift();
      if (piece === undefined) break;
      this.emit('data', piece);
    }
    this.#delivering = false;
    if (this.#finished && !this.#paused && this.#inbox.length === 0 && !this.destroyed) {
      this.#finished = false;
      this.emit('end');
    }
  }
}
