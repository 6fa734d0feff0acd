import type { SocketReader } from './socket-reader.ts';

/** Whoever takes what a connection reads, one thing after the other: a head, or a piece of a body. */
export interface InputTaker {
  /** Whether the next thing has to wait. */
  readonly held: boolean;
  /** Whether the next thing is a head, of which nothing is kept. */
  readonly wantsHead: boolean;
  /** Whether nothing is taken any more. */
  readonly gone: boolean;
  /** Takes what begins at `at`. @returns where the next thing begins. */
  take(chunk: Buffer, at: number): number;
}

/**
 * Hands on what a connection reads, and keeps what has to wait: at most one read's worth. The one place that decides when
 * memory that is only lent is copied.
 */
export class ReadAhead {
  readonly #reader: SocketReader;
  readonly #taker: InputTaker;
  /** Octets read but not yet looked at. */
  rest: Buffer | undefined;
  /** In the middle of what was read: what is left of it follows by itself. */
  busy = false;

  constructor(reader: SocketReader, taker: InputTaker) {
    this.#reader = reader;
    this.#taker = taker;
  }

  /**
   * Keeps what was read, if it has to wait.
   * @param lent its memory is only lent.
   * @returns false when it is to be handed on.
   */
  keep(chunk: Buffer, lent: boolean): boolean {
    const { rest } = this;
    if (rest !== undefined) this.rest = Buffer.concat([rest, chunk]);
    else if (this.#taker.held) this.rest = lent ? this.#reader.copy(chunk, 0) : chunk;
    else return false;
    return true;
  }

  /** @param lent the memory is only lent: what is not a head goes to others, or waits, and is copied. */
  handOn(octets: Buffer, lent: boolean): void {
    const taker = this.#taker;
    this.busy = true;
    let chunk = octets;
    let borrowed = lent;
    let at = 0;
    while (at < chunk.length && !taker.gone) {
      const { held } = taker;
      if (borrowed && (held || !taker.wantsHead)) {
        chunk = this.#reader.copy(chunk, at);
        borrowed = false;
        at = 0;
      }
      if (held) {
        this.rest = at === 0 ? chunk : chunk.subarray(at);
        break;
      }
      at = taker.take(chunk, at);
    }
    this.busy = false;
  }

  /** Nobody holds anything of what was read so far but what waits here. */
  release(): void {
    this.#reader.release(this.rest);
  }
}
