import type { Socket } from 'node:net';
import type { LoopTurn } from '../core/loop-turn.ts';
import type { UpstreamHandler } from '../core/upstream-call.ts';
import type { ClientConnectionEnvironment } from './client-settings.ts';
import type { InputTaker } from './read-ahead.ts';
import { ReadAhead } from './read-ahead.ts';
import type { ResponseReader } from './response-reader.ts';
import type { ReadHandler } from './socket-reader.ts';
import { LARGE, SocketReader } from './socket-reader.ts';

/** Whoever decides when answers are read. */
export interface ResponseFlowOwner {
  /** Whoever is told of the present answer. */
  readonly handler: UpstreamHandler | undefined;
  /** Octets have come. @returns false when they cannot be of an answer. */
  onArrival(): boolean;
  /** All that was read has been handed over. */
  onBatchEnd(): void;
  /** Nothing waits any more. @returns true when that was the end of it. */
  onCaughtUp(): boolean;
}

/** When a target's socket is read, and when what it brought is given to the {@link ResponseReader}. `pause` is strict. */
export class ResponseFlow implements ReadHandler, InputTaker {
  readonly #responses: ResponseReader;
  readonly #owner: ResponseFlowOwner;
  readonly #turn: LoopTurn;
  readonly #input: SocketReader;
  readonly #ahead: ReadAhead;
  #paused = false;
  /** Octets of the present answer so far, or of the last one. */
  #octets = 0;
  gone = false;

  constructor(
    socket: Socket,
    { turn, readMemory }: ClientConnectionEnvironment,
    responses: ResponseReader,
    owner: ResponseFlowOwner,
  ) {
    this.#responses = responses;
    this.#owner = owner;
    this.#turn = turn;
    this.#input = new SocketReader(socket, readMemory, this);
    this.#ahead = new ReadAhead(this.#input, this);
  }

  /** Whether something has been read that was not looked at yet. */
  get waiting(): boolean {
    return this.#ahead.rest !== undefined;
  }

  /** Whether what waits here is less than the answer still lacks. */
  get isShort(): boolean {
    return this.#responses.lacksMoreThan(this.#ahead.rest?.length ?? 0);
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** A request begins. */
  start(): void {
    this.#octets = 0;
    this.#paused = false;
  }

  pause(): void {
    this.#paused = true;
    this.#input.pause();
  }

  /** As `pause`, but a target that is lost is noticed. */
  hold(): void {
    this.#paused = true;
    this.#input.hold();
  }

  resume(): void {
    this.#paused = false;
  }

  /** Nobody holds anything of what was handed over so far: its memory may be used again. */
  release(): void {
    this.#ahead.release();
  }

  /** The exchange is over; whoever holds something of its body keeps it. */
  forget(): void {
    this.#input.forget();
  }

  /** Behind an answer: what comes now would be noticed. */
  rest(): void {
    this.#paused = false;
    if (this.#input.paused) this.#input.resume();
  }

  /** The connection is of no use any more. */
  close(): void {
    this.gone = true;
    this.#ahead.rest = undefined;
    this.#input.close();
  }

  get expectsBody(): boolean {
    return this.#responses.expectsBody;
  }

  /** Where an answer was large, the next one often is. */
  get expectsMuch(): boolean {
    return !this.gone && !this.#responses.streams && this.#octets >= LARGE;
  }

  onRead(chunk: Buffer, lent: boolean): void {
    if (this.gone) return;
    this.#octets += chunk.length;
    this.#turn.count();
    if (this.#owner.onArrival() && !this.#ahead.keep(chunk, lent)) this.#process(chunk, lent);
  }

  /** Takes up what had to wait. */
  goOn(): void {
    // In the middle of a read, what is left of it follows by itself.
    if (this.#ahead.busy) {
      this.#input.resume();
      return;
    }
    if (this.gone) return;
    const { rest } = this.#ahead;
    if (rest !== undefined) {
      this.#ahead.rest = undefined;
      this.#process(rest, false);
      if (this.#paused || this.gone) return;
    }
    if (!this.#owner.onCaughtUp() && this.#input.paused) this.#input.resume();
  }

  #process(chunk: Buffer, lent: boolean): void {
    const { handler } = this.#owner;
    if (handler === undefined) return;
    handler.onBatchStart();
    this.#ahead.handOn(chunk, lent);
    if (handler.onBatchEnd()) this.#ahead.release();
    this.#owner.onBatchEnd();
  }

  get held(): boolean {
    return this.#paused;
  }

  get wantsHead(): boolean {
    return this.#responses.phase === 'head';
  }

  take(chunk: Buffer, at: number): number {
    return this.#responses.take(chunk, at);
  }
}
