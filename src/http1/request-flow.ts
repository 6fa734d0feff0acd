import type { Socket } from 'node:net';
import type { InputTaker } from './read-ahead.ts';
import { ReadAhead } from './read-ahead.ts';
import type { Http1Request } from './request-head.ts';
import type { RequestReader } from './request-reader.ts';
import type { ServerEnvironment } from './server-settings.ts';
import type { ReadHandler } from './socket-reader.ts';
import { SocketReader } from './socket-reader.ts';

/** Whoever decides when requests are read. */
export interface RequestFlowOwner {
  /** All that was read has been handed over. @returns true when nothing of it is held any more. */
  onFlush(): boolean;
  /** The client had closed its side before all it sent was looked at, and now that is done. */
  onLastOctet(): void;
}

/**
 * When a client's socket is read, and when what it brought is given to the {@link RequestReader}. The next request waits in
 * the socket, and in at most one read's worth of octets here; so does a body that nobody wants yet.
 */
export class RequestFlow implements ReadHandler, InputTaker {
  readonly #socket: Socket;
  readonly #environment: ServerEnvironment;
  readonly #requests: RequestReader;
  readonly #owner: RequestFlowOwner;
  readonly #input: SocketReader;
  readonly #ahead: ReadAhead;
  #bodyFlows = false;
  #paused = false;
  /** The socket was told to go on, and first hands over what it had read before. */
  #resumed = false;
  #gone = false;

  constructor(
    socket: Socket,
    environment: ServerEnvironment,
    requests: RequestReader,
    owner: RequestFlowOwner,
  ) {
    this.#socket = socket;
    this.#environment = environment;
    this.#requests = requests;
    this.#owner = owner;
    this.#input = new SocketReader(socket, environment.readMemory, this);
    this.#ahead = new ReadAhead(this.#input, this);
  }

  /** Whether something has been read that was not looked at yet. */
  get waiting(): boolean {
    return this.#ahead.rest !== undefined;
  }

  /** Whether the client has closed its side, and all that it sent has been looked at. */
  get exhausted(): boolean {
    return this.#requests.ended && !this.waiting && !this.#ahead.busy;
  }

  // The exchange.

  /** A request begins: its body waits until it is wanted. */
  begin(): void {
    this.#bodyFlows = false;
    this.#paused = false;
  }

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#requests.pace.hold();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#requests.pace.release();
    this.goOn();
  }

  /** Lets the body flow; once for each request. @param mayInvite whether a client that waits for a 100 may still get it. */
  startBody({ hasBody, expectContinue }: Http1Request, mayInvite: boolean): void {
    if (this.#bodyFlows) return;
    this.#bodyFlows = true;
    if (!hasBody) return;
    const invites = expectContinue && mayInvite;
    if (invites) this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1');
    this.#requests.startBody(invites);
    if (!this.#ahead.busy) this.goOn();
  }

  /** Nobody holds anything of what was handed over so far: its memory may be used again. */
  release(): void {
    this.#ahead.release();
  }

  /** The exchange is over; whoever holds something of its body keeps it. */
  forget(): void {
    this.#input.forget();
  }

  /** Everything from here on is a raw relay's. */
  relay(): void {
    this.#requests.relay();
    this.#bodyFlows = true;
  }

  /** Nothing is looked at any more, and what waits is dropped. */
  discard(): void {
    this.#requests.discard();
    this.#ahead.rest = undefined;
  }

  /** The connection is of no use any more. */
  close(): void {
    this.#gone = true;
    this.discard();
    this.#input.close();
  }

  // The socket.

  get expectsBody(): boolean {
    return this.#requests.expectsBody;
  }

  get expectsMuch(): boolean {
    return this.#requests.expectsMuch;
  }

  onRead(chunk: Buffer, lent: boolean): void {
    // What the socket had read before it was paused comes in whatever phase resumed it.
    if (this.#resumed) this.#resumed = false;
    else this.#environment.turn.open();
    if (this.#requests.phase === 'discard') return;
    if (!this.#ahead.keep(chunk, lent)) this.#process(chunk, lent);
    this.#regulate();
  }

  /** Takes up what had to wait. */
  goOn(): void {
    const ahead = this.#ahead;
    if (ahead.busy || this.#gone) return;
    const { rest } = ahead;
    if (rest !== undefined && !this.held) {
      ahead.rest = undefined;
      this.#process(rest, false);
    }
    this.#regulate();
  }

  #process(chunk: Buffer, lent: boolean): void {
    this.#ahead.handOn(chunk, lent);
    if (this.#owner.onFlush()) this.#ahead.release();
    if (this.waiting) {
      if (!this.held) this.goOn();
    } else if (this.#requests.ended) {
      this.#owner.onLastOctet();
    }
  }

  /** Stops reading the socket while something waits here; reads on when nothing does. */
  #regulate(): void {
    if (this.#gone) return;
    // While an answer is under way the socket is read as long as it brings nothing, so that a client that leaves is seen.
    const stop = this.waiting || (this.#paused && this.held && this.#requests.phase !== 'wait');
    if (stop !== this.#input.paused) {
      // A client that resets is to be noticed although its next request waits.
      if (stop) this.#input.hold();
      else this.#resumeSocket();
    }
  }

  /** Reads the socket whatever the exchange wants: nothing of it is handed over any more. */
  readOn(): void {
    if (this.#input.paused) this.#resumeSocket();
  }

  #resumeSocket(): void {
    this.#resumed = !this.#input.direct;
    this.#input.resume();
  }

  // What was read.

  get gone(): boolean {
    return this.#gone;
  }

  get wantsHead(): boolean {
    return this.#requests.phase === 'head';
  }

  get held(): boolean {
    switch (this.#requests.phase) {
      case 'head':
        // Whoever does not read the answers gets no more of them: the next request waits until the last answer has left.
        return this.#socket.writableLength > 0 && !this.#requests.midHead;
      case 'wait':
        return true;
      case 'length':
      case 'chunked':
      case 'raw':
        return this.#paused || !this.#bodyFlows;
      default:
        return false;
    }
  }

  take(chunk: Buffer, at: number): number {
    return this.#requests.take(chunk, at);
  }
}
