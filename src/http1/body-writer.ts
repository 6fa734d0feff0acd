import type { Socket } from 'node:net';
import type { HeaderList } from '../http/header-list.ts';
import type { Framing } from './response-writer.ts';

/** Up to this many octets of body join the head in one string; above it, a copy costs more than a second buffer. */
const JOIN_LIMIT = 8 * 1024;

/** Nothing above this goes into one write, so that a time-out without progress means what it says. */
const WRITE_LIMIT = 64 * 1024;

/**
 * The outgoing half of a connection: gathers a head and a small body into one latin1 string, so that they leave in one
 * write, and frames what follows. A large chunk leaves as it is, behind what was gathered, in one writev.
 */
export class BodyWriter {
  readonly #socket: Socket;
  framing: Framing = 'none';
  /** For `length`: octets still to come. */
  remaining = 0;
  /** How often something was handed to the socket; its owner sets it back. */
  writes = 0;
  #gathered = '';
  #corked = false;
  /** Whether anything has left since the last head began. */
  #left = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Whether the system has not taken everything yet. */
  get backlog(): boolean {
    return this.#socket.writableLength > 0;
  }

  /** Head text, already complete with its empty line. */
  head(text: string): void {
    this.#left = this.#gathered !== '';
    this.#gathered += text;
    if (!this.#corked) this.flush();
  }

  /**
   * A chunk of body. The caller has checked it against `remaining`.
   * @returns false when the system does not take more at once.
   */
  write(chunk: Uint8Array): boolean {
    if (chunk.length === 0) return !this.backlog;
    if (this.framing === 'length') this.remaining -= chunk.length;
    const chunked = this.framing === 'chunked';
    if (chunked) this.#gathered += `${chunk.length.toString(16)}\r\n`;
    if (chunk.length <= JOIN_LIMIT && this.#gathered.length + chunk.length <= WRITE_LIMIT) {
      this.#gathered += asBuffer(chunk).latin1Slice();
      if (chunked) this.#gathered += '\r\n';
      if (!this.#corked) this.flush();
      return !this.backlog;
    }
    this.#writeLarge(chunk, chunked);
    return !this.backlog;
  }

  /** The end of the body, flushed. */
  end(trailers?: HeaderList): void {
    if (this.framing === 'chunked') this.#gathered += `0\r\n${trailers?.serialize() ?? ''}\r\n`;
    this.flush();
  }

  cork(): void {
    this.#corked = true;
  }

  /** @returns false when the system does not take more at once. */
  uncork(): boolean {
    this.#corked = false;
    this.flush();
    return !this.backlog;
  }

  /** Takes the last head and what follows it back, if none of it has left. */
  retract(): boolean {
    if (this.#left) return false;
    this.#gathered = '';
    this.framing = 'none';
    this.remaining = 0;
    return true;
  }

  flush(): void {
    if (this.#gathered === '') return;
    const text = this.#gathered;
    this.#gathered = '';
    this.writes++;
    this.#left = true;
    this.#socket.write(text, 'latin1');
  }

  #writeLarge(chunk: Uint8Array, chunked: boolean): void {
    const socket = this.#socket;
    socket.cork();
    this.flush();
    for (let at = 0; at < chunk.length; at += WRITE_LIMIT) {
      this.writes++;
      socket.write(chunk.length <= WRITE_LIMIT ? chunk : chunk.subarray(at, at + WRITE_LIMIT));
    }
    if (chunked) socket.write('\r\n', 'latin1');
    socket.uncork();
  }
}

function asBuffer(chunk: Uint8Array): Buffer {
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
