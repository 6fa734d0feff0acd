import type { Socket } from 'node:net';
import type { BodySink, BodySource } from '../core/body.ts';
import { GatewayError } from '../core/errors.ts';
import type { LoopTurn } from '../core/loop-turn.ts';
import type { TimerOwner, TimerWheel } from '../core/timer-wheel.ts';
import { WheelTimer } from '../core/timer-wheel.ts';
import type { UpstreamHandler } from '../core/upstream-call.ts';
import type { HeaderList } from '../http/header-list.ts';
import { BodyWriter } from './body-writer.ts';
import { contentOf } from './chunk-content.ts';
import type { Llhttp } from './llhttp.ts';
import { RESPONSE } from './llhttp.ts';
import { COMPLETE, FAILED, INCOMPLETE, MessageReader } from './message-reader.ts';
import type { Http1Response } from './response-head.ts';
import { readResponseHead } from './response-head.ts';
import type { ReadMemory } from './read-memory.ts';
import type { ReadHandler } from './socket-reader.ts';
import { LARGE, SocketReader } from './socket-reader.ts';

/** What a connection to a target may take; times in milliseconds. */
export interface ClientSettings {
  readonly connectTimeout: number;
  readonly headersTimeout: number;
  readonly bodyIdleTimeout: number;
  /** In place of `bodyIdleTimeout` for event streams and raw relays, which may be quiet for long. */
  readonly streamIdleTimeout: number;
  readonly interimLimit: number;
}

/** Shared by all connections of a thread. */
export interface ClientConnectionEnvironment {
  readonly llhttp: Llhttp;
  readonly wheel: TimerWheel;
  readonly turn: LoopTurn;
  readonly readMemory: ReadMemory;
}

/** Whoever keeps the connections. */
export interface ClientConnectionOwner {
  /** The exchange is over and the connection may serve another. `timeout` is what the target promised, in seconds. */
  onReusable(connection: ClientConnection, timeout: number | undefined): void;
  /** The connection is gone, or must not be used again. Called once. */
  onGone(connection: ClientConnection): void;
}

/** One request as it is sent. */
export interface OutgoingRequest {
  /** The head as it goes onto the wire, with its empty line. */
  readonly head: string;
  readonly isHead: boolean;
  /** Octets of the body that follows, −1 for chunked, 0 for none. */
  readonly length: number;
  /** The protocol asked for with Upgrade, or undefined. */
  readonly upgrade: string | undefined;
}

/** A target's head: more than any sane one, less than what hurts. */
const HEAD_LIMIT = 64 * 1024;
const LINE_LIMIT = 500;

/** How long what is queued at the end of a raw relay may take to leave. */
const PARTING = 10_000;

type Reading = 'idle' | 'head' | 'length' | 'chunked' | 'close' | 'raw' | 'done';

/**
 * One HTTP/1 connection to a target: one exchange at a time, then back to its owner. As a {@link BodySink} it is the
 * request's body, as a {@link BodySource} the response's. `pause` is strict.
 */
export class ClientConnection implements BodySink, BodySource, TimerOwner, ReadHandler {
  readonly socket: Socket;
  readonly #owner: ClientConnectionOwner;
  readonly #turn: LoopTurn;
  readonly #reader: MessageReader;
  readonly #writer: BodyWriter;
  readonly #input: SocketReader;
  readonly #timer: WheelTimer;
  #settings: ClientSettings;
  #handler: UpstreamHandler | undefined;
  #request: OutgoingRequest | undefined;
  #response: Http1Response | undefined;
  #reading: Reading = 'idle';
  #remaining = 0;
  /** Octets of the present answer so far, or of the last one. */
  #octets = 0;
  #requestDone = true;
  #interim = 0;
  #streams = false;
  #paused = false;
  #rest: Buffer | undefined;
  #processing = false;
  #connected = false;
  #targetEnded = false;
  /** How the connection was lost, while what came before that is still waiting here. */
  #loss: GatewayError | undefined;
  #gone = false;
  #sentInTurn = -1;
  /** Whether this connection has served an exchange before the present one. */
  reused = false;
  /** Whether any octet of an answer to the present request has come. */
  answered = false;
  /** Whether the target had closed before the request was written, so that it cannot have read it. */
  stale = false;

  constructor(
    socket: Socket,
    owner: ClientConnectionOwner,
    environment: ClientConnectionEnvironment,
    settings: ClientSettings,
    connectEvent: 'connect' | 'secureConnect',
  ) {
    this.socket = socket;
    this.#owner = owner;
    this.#settings = settings;
    this.#turn = environment.turn;
    this.#reader = new MessageReader(environment.llhttp, RESPONSE);
    this.#writer = new BodyWriter(socket);
    this.#timer = new WheelTimer(environment.wheel, this);
    this.#timer.set(settings.connectTimeout);
    socket.on(connectEvent, () => this.#onConnect());
    this.#input = new SocketReader(socket, environment.readMemory, this);
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#onDrain());
    socket.on('error', (error) => this.#onError(error));
    socket.on('close', () => this.#onError(undefined));
  }

  /**
   * Sends a request. What happens next reaches the handler; nothing does after {@link destroy}, or after
   * `onResponseEnd` once the request is complete too.
   */
  start(request: OutgoingRequest, handler: UpstreamHandler, settings: ClientSettings): void {
    this.#handler = handler;
    this.#request = request;
    this.#settings = settings;
    this.#response = undefined;
    this.#reading = 'head';
    this.#interim = 0;
    this.#octets = 0;
    this.#streams = false;
    this.#paused = false;
    this.answered = false;
    this.#requestDone = request.length === 0;
    this.#sentInTurn = this.reused ? this.#turn.current() : -1;
    const writer = this.#writer;
    writer.framing = request.length === 0 ? 'none' : request.length > 0 ? 'length' : 'chunked';
    writer.remaining = Math.max(0, request.length);
    writer.writes = 0;
    if (this.#connected && this.#requestDone) this.#timer.set(settings.headersTimeout);
    if (request.length !== 0) writer.cork();
    writer.head(request.head);
  }

  /** Sends what was gathered. Called when one read of the client has been handed over. */
  flush(): boolean {
    return this.#writer.uncork();
  }

  write(chunk: Uint8Array): boolean {
    if (this.#gone) return true;
    if (this.#writer.framing === 'length' && chunk.length > this.#writer.remaining) {
      // What the client sent has been counted already: a stage in between has changed it.
      this.#fail(new GatewayError('policy_failed', 'a stage made more request body than announced'));
      return true;
    }
    // On a raw relay, what the client says shows that it is alive as well.
    if (this.#reading === 'raw') this.#watchBody();
    const more = this.#writer.write(chunk);
    // A target that stops reading in the middle of a request has as long as one that stops writing.
    if (!more && this.#connected && this.#reading === 'head') this.#timer.set(this.#settings.bodyIdleTimeout);
    return more;
  }

  end(trailers?: HeaderList): void {
    if (this.#gone || this.#requestDone) return;
    this.#requestDone = true;
    if (this.#reading === 'raw') {
      this.socket.end();
      if (this.#targetEnded) this.#part();
      return;
    }
    if (this.#writer.framing === 'length' && this.#writer.remaining > 0) {
      this.#fail(new GatewayError('policy_failed', 'a stage made less request body than announced'));
      return;
    }
    this.#writer.end(trailers);
    this.#writer.uncork();
    if (this.#reading === 'done') this.#release();
    else if (this.#connected && this.#reading === 'head') this.#timer.set(this.#settings.headersTimeout);
  }

  /** The request broke off, or the answer is not wanted any more. */
  abort(_error: GatewayError): void {
    this.destroy();
  }

  /** Drops the connection. The handler hears nothing more. */
  destroy(): void {
    this.#handler = undefined;
    this.#leave();
    if (!this.socket.destroyed) this.socket.destroy();
  }

  pause(): void {
    this.#pause();
    this.#input.pause();
  }

  /** As `pause`, for a moment in which the answer waits for the gateway itself: a target that is lost is noticed. */
  hold(): void {
    this.#pause();
    this.#input.hold();
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    // The time that the client takes is not the target's.
    if (this.#reading !== 'head') this.#timer.clear();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#watchBody();
    // In the middle of a read, what is left of it follows by itself.
    if (this.#processing) this.#input.resume();
    else this.#goOn();
  }

  #onDrain(): void {
    if (this.#reading === 'head' && !this.#requestDone) this.#timer.clear();
    this.#handler?.onUpstreamDrain(true);
  }

  /** Nothing of what was handed over so far is held any more: its memory may be used again. */
  bodyTaken(): void {
    // What waits here is part of what was read.
    this.#input.release(this.#rest);
  }

  get expectsBody(): boolean {
    const reading = this.#reading;
    return reading === 'length' || reading === 'chunked' || reading === 'close' || reading === 'raw';
  }

  #onConnect(): void {
    this.#connected = true;
    this.socket.setNoDelay(true);
    this.#timer.set(this.#requestDone ? this.#settings.headersTimeout : 0);
  }

  /** Where an answer was large, the next one often is. */
  get expectsMuch(): boolean {
    return !this.#gone && !this.#streams && this.#octets >= LARGE;
  }

  onRead(chunk: Buffer, lent: boolean): void {
    if (this.#gone) return;
    this.#octets += chunk.length;
    this.#turn.count();
    if (this.#reading === 'idle' || this.#reading === 'done') {
      // Nobody asked: what follows cannot be told from an answer to the next request.
      this.#leave();
      this.socket.destroy();
      return;
    }
    if (this.#sentInTurn !== -1) {
      if (this.#sentInTurn === this.#turn.current()) {
        // No answer to this request; but the target is alive, and may read it all the same.
        this.#fail(new GatewayError('upstream_closed', 'octets that were there before the request'));
        return;
      }
      this.#sentInTurn = -1;
    }
    const rest = this.#rest;
    if (rest !== undefined) this.#rest = Buffer.concat([rest, chunk]);
    else if (this.#paused) this.#rest = lent ? this.#input.copy(chunk, 0) : chunk;
    else this.#process(chunk, lent);
  }

  #goOn(): void {
    if (this.#gone) return;
    const rest = this.#rest;
    if (rest !== undefined) {
      this.#rest = undefined;
      this.#process(rest, false);
      if (this.#paused || this.#gone) return;
    }
    if (this.#loss !== undefined) {
      this.#fail(this.#loss);
      return;
    }
    if (this.#targetEnded) this.#endOfStream();
    else if (this.#input.paused) this.#input.resume();
  }

  /** @param lent the memory is only lent: what is not a head goes to others, or waits, and is copied. */
  #process(octets: Buffer, lent: boolean): void {
    const handler = this.#handler;
    if (handler === undefined) return;
    this.#processing = true;
    handler.onBatchStart();
    let chunk = octets;
    let borrowed = lent;
    let at = 0;
    while (at < chunk.length && !this.#gone) {
      if (borrowed && (this.#reading !== 'head' || this.#paused)) {
        chunk = this.#input.copy(chunk, at);
        borrowed = false;
        at = 0;
      }
      if (this.#paused) {
        this.#rest = at === 0 ? chunk : chunk.subarray(at);
        break;
      }
      at = this.#step(chunk, at);
    }
    this.#processing = false;
    const free = handler.onBatchEnd();
    if (free) this.#input.release(this.#rest);
    if (this.#gone) return;
    if (this.#reading === 'done') {
      if (this.#requestDone) this.#release();
    } else {
      this.#watchBody();
    }
  }

  #watchBody(): void {
    if (this.#reading === 'head' || this.#reading === 'idle' || this.#reading === 'done' || this.#paused)
      return;
    this.#timer.set(this.#streams ? this.#settings.streamIdleTimeout : this.#settings.bodyIdleTimeout);
  }

  #step(chunk: Buffer, at: number): number {
    switch (this.#reading) {
      case 'head':
        return this.#readHead(chunk, at);
      case 'length':
        return this.#readLength(chunk, at);
      case 'chunked':
        return this.#readChunked(chunk, at);
      case 'close':
      case 'raw':
        this.#handler?.onResponseBody(at === 0 ? chunk : chunk.subarray(at));
        return chunk.length;
      default:
        // Octets behind the answer: it is delivered, the connection is not used again.
        this.#leave();
        this.socket.destroySoon();
        return chunk.length;
    }
  }

  #readHead(chunk: Buffer, at: number): number {
    const reader = this.#reader;
    this.answered = true;
    const result = reader.readHead(chunk, at);
    if (result === INCOMPLETE && reader.text.length <= HEAD_LIMIT) return at + reader.consumed;
    let response: Http1Response;
    try {
      if (result === FAILED) throw new GatewayError('upstream_malformed', reader.errorReason);
      if (reader.text.length > HEAD_LIMIT || reader.spans.length > LINE_LIMIT * 4) {
        throw new GatewayError('upstream_malformed', 'the head is too large');
      }
      response = readResponseHead(reader, this.#request?.isHead === true);
    } catch (error) {
      this.#fail(
        error instanceof GatewayError
          ? error
          : new GatewayError('internal', 'reading a head', { cause: error }),
      );
      return chunk.length;
    }
    const next = at + reader.consumed;
    reader.clearHead();
    if (response.body !== 'chunked') reader.skipBody();
    if (response.status < 200) this.#onInterim(response);
    else this.#onFinal(response);
    return next;
  }

  #onInterim(response: Http1Response): void {
    if (response.status === 101) {
      const wanted = this.#request?.upgrade;
      if (wanted === undefined || response.upgrade !== wanted) {
        this.#fail(new GatewayError('upstream_malformed', 'a 101 that nobody asked for'));
        return;
      }
      this.#reading = 'raw';
      this.#streams = true;
      this.#requestDone = false;
      this.#writer.framing = 'raw';
      this.#handler?.onUpgrade(response.headers);
      return;
    }
    if (++this.#interim > this.#settings.interimLimit) {
      this.#fail(new GatewayError('upstream_malformed', 'too many interim answers'));
      return;
    }
    // We have sent the client its 100 ourselves.
    if (response.status !== 100) this.#handler?.onInterim(response.status, response.headers);
  }

  #onFinal(response: Http1Response): void {
    this.#response = response;
    this.#streams = response.isEventStream;
    this.#remaining = Math.max(0, response.length);
    this.#reading = response.body === 'none' ? 'done' : response.body;
    this.#timer.clear();
    this.#handler?.onUpstreamHead(response);
    if (response.body === 'none') this.#responseDone(undefined);
  }

  #readLength(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#remaining);
    this.#remaining -= end - at;
    if (this.#remaining === 0) this.#reading = 'done';
    this.#handler?.onResponseBody(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end));
    if (this.#remaining === 0) this.#responseDone(undefined);
    return end;
  }

  #readChunked(chunk: Buffer, at: number): number {
    const reader = this.#reader;
    const result = reader.readChunked(chunk, at);
    if (result === FAILED || reader.trailerBytes > HEAD_LIMIT || reader.trailerCount > LINE_LIMIT) {
      this.#fail(new GatewayError('upstream_body_broken', reader.errorReason || 'too many trailers'));
      return chunk.length;
    }
    if (result === COMPLETE) this.#reading = 'done';
    const content = contentOf(chunk, reader.data);
    if (content !== undefined) this.#handler?.onResponseBody(content);
    if (result === COMPLETE) this.#responseDone(reader.takeTrailers());
    return at + reader.consumed;
  }

  /**
   * The answer is complete. The connection is released behind the present batch, so that octets behind the answer are
   * noticed first.
   */
  #responseDone(trailers: HeaderList | undefined): void {
    this.#reading = 'done';
    this.#timer.clear();
    this.#handler?.onResponseEnd(trailers);
    // An answer before the whole request: the rest of it is not wanted, and the connection cannot be used again.
    if (!this.#requestDone) {
      this.#handler = undefined;
      this.#leave();
      this.socket.destroy();
    }
  }

  #release(): void {
    if (this.#gone) return;
    const response = this.#response;
    this.#handler = undefined;
    this.#request = undefined;
    this.#response = undefined;
    this.#input.forget();
    // What waits here came behind the answer, while that was held up: nobody asked for it.
    const lost = this.#targetEnded || this.#loss !== undefined;
    const spent = lost || this.#rest !== undefined || this.#writer.backlog;
    if (response?.keepAlive !== true || spent) {
      this.#leave();
      this.socket.destroySoon();
      return;
    }
    this.#reading = 'idle';
    this.#paused = false;
    this.reused = true;
    if (this.#input.paused) this.#input.resume();
    this.#owner.onReusable(this, response.keepAliveTimeout);
  }

  #onEnd(): void {
    if (this.#gone) return;
    this.#targetEnded = true;
    if ((this.#rest === undefined && !this.#paused) || this.#isShort) this.#endOfStream();
  }

  /** The target has closed its side, and everything before that has been handed over. */
  #endOfStream(): void {
    switch (this.#reading) {
      case 'close':
        this.#responseDone(undefined);
        this.#leave();
        this.socket.destroySoon();
        return;
      case 'raw':
        this.#handler?.onResponseEnd(undefined);
        if (this.#requestDone) this.#part();
        return;
      case 'head':
        this.#fail(this.#closedEarly());
        return;
      case 'idle':
      case 'done':
        this.#leave();
        this.socket.destroySoon();
        return;
      default:
        this.#fail(new GatewayError('upstream_body_broken', 'the target closed in the middle of its answer'));
    }
  }

  #onError(cause: Error | undefined): void {
    if (this.#gone) return;
    if (this.#handler === undefined || this.#reading === 'done') {
      this.#leave();
      return;
    }
    // A reset may overtake what waits here; what is complete in front of it still counts.
    if (this.#rest === undefined || this.#isShort) this.#fail(this.#lossBy(cause));
    else this.#loss ??= this.#lossBy(cause);
  }

  /** Whether what waits here is less than the answer still lacks. */
  get #isShort(): boolean {
    return this.#reading === 'length' && (this.#rest?.length ?? 0) < this.#remaining;
  }

  #lossBy(cause: Error | undefined): GatewayError {
    if (!this.#connected) return new GatewayError('upstream_connect_failed', describe(cause), { cause });
    if (this.#reading === 'head') return this.#closedEarly(cause);
    return new GatewayError('upstream_body_broken', cause?.message ?? 'the connection was lost', { cause });
  }

  /** Both sides of a raw relay have said everything: what is still queued for the target gets a moment to leave. */
  #part(): void {
    this.#handler = undefined;
    this.#reading = 'done';
    this.#timer.set(PARTING);
    this.socket.destroySoon();
  }

  #closedEarly(cause?: Error): GatewayError {
    if (this.answered)
      return new GatewayError('upstream_malformed', 'the target closed in the middle of its head', { cause });
    this.stale = this.#sentInTurn !== -1 && this.#sentInTurn === this.#turn.current() && this.#unread(cause);
    return new GatewayError('upstream_closed', cause?.message ?? 'the target closed before it answered', {
      cause,
    });
  }

  /** A write that fails says that nothing was read only when it was the first: with it, not an octet has left. */
  #unread(cause: Error | undefined): boolean {
    const failedWrite = cause !== undefined && 'syscall' in cause && cause.syscall === 'write';
    return !failedWrite || this.#writer.writes === 1;
  }

  onTimer(): void {
    if (this.#gone) return;
    if (!this.#connected) this.#fail(new GatewayError('upstream_connect_timeout', 'no connection in time'));
    else if (this.#reading === 'head')
      this.#fail(new GatewayError('upstream_headers_timeout', 'no answer in time'));
    else if (this.#reading !== 'idle')
      this.#fail(new GatewayError('upstream_body_timeout', 'the answer stalled'));
  }

  #fail(error: GatewayError): void {
    const handler = this.#handler;
    this.#handler = undefined;
    this.#leave();
    if (!this.socket.destroyed) this.socket.destroy();
    handler?.onUpstreamError(error);
  }

  #leave(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#rest = undefined;
    this.#input.close();
    this.#reader.close();
    this.#timer.dispose();
    this.#owner.onGone(this);
  }
}

/** Failing on several addresses of a name leaves a message empty and says more in the code. */
function describe(cause: Error | undefined): string {
  if (cause === undefined) return 'closed while connecting';
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return cause.message === '' ? code : cause.message;
}
