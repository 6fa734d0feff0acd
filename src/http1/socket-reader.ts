import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { giveBack } from './give-back.ts';
import type { ReadMemory } from './read-memory.ts';
import { readInto } from './user-buffer.ts';

/** From this many octets on, memory of its own is worth it for what a socket brings. */
export const LARGE = 16 * 1024;

/** Below this many, no more. */
const SMALL = 4 * 1024;

/** Whoever reads a socket. */
export interface ReadHandler {
  /**
   * Octets have come.
   * @param lent they lie in the memory of all sockets: what is needed beyond this call has to be copied.
   */
  onRead(chunk: Buffer, lent: boolean): void;
  /** Whether octets that follow, if they come in numbers, are worth memory of their own, which nobody else reads into. */
  readonly expectsBody: boolean;
  /** Whether they are although the last read brought few. */
  readonly expectsMuch: boolean;
}

/**
 * Reads a socket. All sockets of a thread read into the same memory; one that brings much gets memory of its own, which
 * it goes on reading into as soon as nobody holds anything of it any more. So neither an idle connection holds a buffer,
 * nor does a large body allocate one for each read.
 *
 * Where Node does not let a socket read into memory of ours, its stream is read.
 */
export class SocketReader {
  readonly #socket: Socket;
  readonly #handler: ReadHandler;
  readonly #memory: ReadMemory;
  /** Reads go straight to memory of ours, past the stream. */
  readonly direct: boolean;
  #buffer: Buffer;
  /** How much the last read brought; 0 outside of reads. */
  #length = 0;
  /** Somebody may hold part of what this read brought into memory of this socket. */
  #held = false;
  /** Whoever holds part of it goes on doing so beyond what this reader hears of. */
  #abandoned = false;
  /** Memory that was still held when the next read needed other. */
  readonly #retired: Buffer[] = [];
  #closed = false;
  /** No read but the one that may be on its way. */
  #soft = false;

  constructor(socket: Socket, memory: ReadMemory, handler: ReadHandler) {
    this.#socket = socket;
    this.#handler = handler;
    this.#memory = memory;
    this.#buffer = memory.shared;
    this.direct = readInto(
      socket,
      memory.shared,
      (length, buffer) => this.#onRead(length, buffer),
      () => this.#next(),
    );
    // The stream has nothing to bring but its end.
    if (this.direct) socket.resume();
    else socket.on('data', (chunk: Buffer) => handler.onRead(chunk, false));
  }

  get paused(): boolean {
    return this.#socket.isPaused();
  }

  /** Stops reading at once. */
  pause(): void {
    this.#socket.pause();
  }

  /** Stops behind the next read, so that a peer that goes away meanwhile is noticed. */
  hold(): void {
    this.#soft = true;
    // Not the socket's own `pause`, which stops the reading below the stream as well.
    if (this.direct) Readable.prototype.pause.call(this.#socket);
    else this.#socket.pause();
  }

  resume(): void {
    this.#soft = false;
    this.#socket.resume();
  }

  /**
   * Nobody holds any part of what was read so far, so that its memory may be used again.
   * @param kept but this part of it is.
   */
  release(kept: Buffer | undefined): void {
    if (kept?.buffer !== this.#buffer.buffer) this.#held = false;
    const retired = this.#retired;
    for (let i = retired.length - 1; i >= 0; i--) {
      const memory = retired[i] as Buffer;
      if (memory.buffer === kept?.buffer) continue;
      retired.splice(i, 1);
      this.#memory.leave(memory);
      giveBack(memory);
    }
  }

  /** A copy of what lies behind `from` in memory that is only lent. It counts as read. */
  copy(chunk: Buffer, from: number): Buffer {
    const copy = Buffer.allocUnsafe(chunk.length - from);
    chunk.copy(copy, 0, from);
    if (copy.length >= LARGE) this.#retired.push(copy);
    return copy;
  }

  /** The message is over; whoever still holds part of it keeps it, and {@link release} says nothing about that any more. */
  forget(): void {
    if (this.#retired.length > 0) for (const memory of this.#retired.splice(0)) this.#memory.leave(memory);
    this.#abandoned = this.#held;
  }

  /** The socket is of no use any more. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.forget();
    this.#memory.leave(this.#buffer);
  }

  #onRead(length: number, buffer: Buffer): boolean {
    this.#length = length;
    const last = this.#soft;
    const lent = buffer === this.#memory.shared;
    this.#held = !lent;
    this.#handler.onRead(length === buffer.length ? buffer : buffer.subarray(0, length), lent);
    return !(last && this.#soft);
  }

  /** Decides behind each read where the next one goes. @returns undefined for the same memory. */
  #next(): Buffer | undefined {
    if (this.#closed) return undefined;
    const current = this.#buffer;
    const next = current === this.#memory.shared ? this.#first() : this.#following(current);
    this.#length = 0;
    if (next === current) return undefined;
    if (this.#held && !this.#abandoned) this.#retired.push(current);
    else this.#memory.leave(current);
    this.#held = this.#abandoned = false;
    return (this.#buffer = next);
  }

  #first(): Buffer {
    const { expectsBody, expectsMuch } = this.#handler;
    const wanted = this.#length >= LARGE && (expectsBody || expectsMuch);
    return wanted ? this.#memory.own() : this.#memory.shared;
  }

  #following(current: Buffer): Buffer {
    const { expectsBody, expectsMuch } = this.#handler;
    const memory = this.#memory;
    const wanted = expectsMuch || (expectsBody && this.#length >= SMALL);
    // Whoever does not keep up shall not hold more than that.
    if (!wanted || this.#held) return memory.shared;
    if (memory.isLarge(current)) return expectsBody ? current : memory.own();
    return this.#length === current.length && expectsBody && expectsMuch
      ? (memory.large() ?? current)
      : current;
  }
}
