import type { Socket } from 'node:net';
import type { Downstream, DownstreamHandler } from '../core/downstream.ts';
import { GatewayError } from '../core/errors.ts';
import type { ResponseHead } from '../core/exchange.ts';
import type { LoopTurn } from '../core/loop-turn.ts';
import type { TimerOwner, TimerWheel } from '../core/timer-wheel.ts';
import { WheelTimer } from '../core/timer-wheel.ts';
import type { HeaderList } from '../http/header-list.ts';
import { commonMethods } from '../http/methods.ts';
import { BodyWriter } from './body-writer.ts';
import { contentOf } from './chunk-content.ts';
import { malformedRequest } from './malformed-request.ts';
import { COMPLETE, FAILED, INCOMPLETE, MessageReader } from './message-reader.ts';
import type { Llhttp } from './llhttp.ts';
import { REQUEST } from './llhttp.ts';
import type { HeadLimits, HeadMemory, Http1Request } from './request-head.ts';
import { createHeadMemory, readRequestHead } from './request-head.ts';
import { RequestBodyPace } from './request-body-pace.ts';
import { statusLine, writeResponseHead } from './response-writer.ts';
import type { ReadMemory } from './read-memory.ts';
import type { ReadHandler } from './socket-reader.ts';
import { LARGE, SocketReader } from './socket-reader.ts';
import { checkTrailers } from './trailers.ts';

/** What holds for every connection of a listener; times in milliseconds, sizes in octets. Replaced at a reload. */
export interface ServerSettings extends HeadLimits {
  readonly headersTimeout: number;
  readonly keepAliveTimeout: number;
  readonly writeTimeout: number;
  /** Octets a second that a request body must keep up after its first 5 s; 0 is off. */
  readonly bodyMinRate: number;
  readonly requestsPerConnection: number;
}

/** The gateway, as a connection sees it. */
export interface ServerConnectionHandler {
  readonly settings: ServerSettings;
  readonly llhttp: Llhttp;
  readonly wheel: TimerWheel;
  readonly turn: LoopTurn;
  readonly readMemory: ReadMemory;
  /** True while the gateway drains: answers say `Connection: close`. */
  readonly draining: boolean;
  /** The present second as an HTTP date. */
  date(): string;
  /** Makes the exchange for a request; `start` is called next. */
  onRequest(request: Http1Request, connection: ServerConnection): DownstreamHandler;
  /**
   * The peer sent something that is not a request, or none in time.
   * @param text what came, cut short.
   * @returns the body of the answer, `application/problem+json`.
   */
  onRefused(error: GatewayError, connection: ServerConnection, text: string): string;
  onClose(connection: ServerConnection): void;
}

/** Discarded after an early answer before the connection is given up (HARDENING F21), in octets. */
const DRAIN_LIMIT = 64 * 1024;
/** How long a closed connection goes on discarding what the client still sends, so that it can read the answer. */
const LINGER = 2000;
/** How long an answer may make no progress once the client has closed its side (a client that only half-closed reads on). */
const HALF_CLOSED_PATIENCE = 500;

/** How soon a client that has closed its side before the answer is asked again whether it is there; doubled each time. */
const PROBE = 250;

/** How long one side of a raw relay stays open after the other has closed. */
const RAW_HALF_CLOSED = 10_000;

/** What the next octets from the client are. */
type Reading = 'head' | 'length' | 'chunked' | 'raw' | 'drain-length' | 'drain-chunked' | 'wait' | 'discard';

/**
 * One HTTP/1 connection from a client: one exchange at a time, the next request waits in the socket (and in at most one
 * read's worth of octets here). An object as long-lived as the connection; nothing is created for a request but the
 * request itself and its exchange.
 */
export class ServerConnection implements Downstream, TimerOwner, ReadHandler {
  readonly socket: Socket;
  readonly peerIp: string;
  readonly localPort: number;
  readonly #handler: ServerConnectionHandler;
  readonly #input: SocketReader;
  readonly #reader: MessageReader;
  readonly #writer: BodyWriter;
  readonly #memory: HeadMemory = createHeadMemory();
  readonly #readTimer: WheelTimer;
  readonly #writeTimer: WheelTimer;
  readonly #exchangeTimer: WheelTimer;
  readonly #pace: RequestBodyPace;
  #exchange: DownstreamHandler | undefined;
  #request: Http1Request | undefined;
  #reading: Reading = 'head';
  /** Octets of body still to come in `length` and `drain-length`, still to discard in `drain-chunked`. */
  #remaining = 0;
  #bodyFlows = false;
  #paused = false;
  /** The socket was told to go on, and first hands over what it had read before. */
  #resumed = false;
  /** Octets read but not yet looked at: the next request, or body that nobody wants yet. */
  #rest: Buffer | undefined;
  #processing = false;
  #continueSent = false;
  #requests = 0;
  #keepAlive = true;
  #clientEnded = false;
  #probeDelay = 0;
  #closed = false;
  headSent = false;
  bytesWritten = 0;

  constructor(socket: Socket, handler: ServerConnectionHandler, peerIp: string) {
    this.socket = socket;
    this.peerIp = peerIp;
    this.localPort = socket.localPort ?? 0;
    this.#handler = handler;
    this.#reader = new MessageReader(handler.llhttp, REQUEST);
    this.#writer = new BodyWriter(socket);
    this.#readTimer = new WheelTimer(handler.wheel, this);
    this.#writeTimer = new WheelTimer(handler.wheel, this);
    this.#exchangeTimer = new WheelTimer(handler.wheel, this);
    this.#pace = new RequestBodyPace(handler.wheel);
    this.#input = new SocketReader(socket, handler.readMemory, this);
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#onDrain());
    socket.on('error', () => this.#lose());
    socket.on('close', () => this.#lose());
    this.#readTimer.set(handler.settings.headersTimeout);
  }

  /** Whether no exchange is under way. */
  get idle(): boolean {
    return this.#exchange === undefined;
  }

  /** Closes an idle connection at once; one with an exchange under way closes after it. */
  shutdown(): void {
    if (this.#exchange !== undefined || this.#reader.midHead || this.#reading !== 'head')
      this.#keepAlive = false;
    // The last answer may still be on its way.
    else if (this.#writer.backlog) this.#linger();
    else this.socket.destroy();
  }

  // The request, from the socket to the exchange.

  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#pace.hold();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#pace.release();
    this.#goOn();
  }

  startBody(): void {
    if (this.#bodyFlows) return;
    this.#bodyFlows = true;
    const request = this.#request;
    if (request === undefined || !request.hasBody) return;
    if (request.expectContinue && !this.headSent) {
      this.#continueSent = true;
      this.socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1');
    }
    this.#pace.start(this.#handler.settings.bodyMinRate);
    this.#readTimer.set(this.#pace.next());
    if (!this.#processing) this.#goOn();
  }

  setBodyTimeouts(total: number, idle: number): void {
    this.#pace.configure(total, idle);
  }

  setExchangeTimeout(delay: number): void {
    this.#exchangeTimer.set(delay);
  }

  bodyTaken(): void {
    // What waits here is part of what was read.
    this.#input.release(this.#rest);
  }

  get expectsBody(): boolean {
    return this.#reading === 'length' || this.#reading === 'chunked' || this.#reading === 'raw';
  }

  get expectsMuch(): boolean {
    return this.#reading === 'length' && this.#remaining >= LARGE;
  }

  onRead(chunk: Buffer, lent: boolean): void {
    // What the socket had read before it was paused comes in whatever phase resumed it.
    if (this.#resumed) this.#resumed = false;
    else this.#handler.turn.open();
    if (this.#reading === 'discard') return;
    const rest = this.#rest;
    if (rest !== undefined) this.#rest = Buffer.concat([rest, chunk]);
    else if (this.#held()) this.#rest = lent ? this.#input.copy(chunk, 0) : chunk;
    else this.#process(chunk, lent);
    this.#regulate();
  }

  /** Whether what comes next has to wait. */
  #held(): boolean {
    // Whoever does not read the answers gets no more of them: the next request waits until the last answer has left.
    if (this.#reading === 'head') return this.#writer.backlog && !this.#reader.midHead;
    if (this.#reading === 'discard') return false;
    if (this.#reading === 'wait') return true;
    if (this.#reading === 'drain-length' || this.#reading === 'drain-chunked') return false;
    return this.#paused || !this.#bodyFlows;
  }

  /** Takes up what had to wait. */
  #goOn(): void {
    if (this.#processing || this.#closed) return;
    const rest = this.#rest;
    if (rest !== undefined && !this.#held()) {
      this.#rest = undefined;
      this.#process(rest, false);
    }
    this.#regulate();
  }

  /** Stops reading the socket while something waits here; reads on when nothing does. */
  #regulate(): void {
    if (this.#closed) return;
    // While an answer is under way the socket is read as long as it brings nothing, so that a client that leaves is seen.
    const stop = this.#rest !== undefined || (this.#paused && this.#held() && this.#reading !== 'wait');
    if (stop !== this.#input.paused) {
      // A client that resets is to be noticed although its next request waits.
      if (stop) this.#input.hold();
      else this.#resumeSocket();
    }
  }

  #resumeSocket(): void {
    this.#resumed = !this.#input.direct;
    this.#input.resume();
  }

  /** @param lent the memory is only lent: what is not a head goes to others, or waits, and is copied. */
  #process(octets: Buffer, lent: boolean): void {
    this.#processing = true;
    let chunk = octets;
    let borrowed = lent;
    let at = 0;
    while (at < chunk.length && !this.#closed) {
      if (borrowed && (this.#reading !== 'head' || this.#held())) {
        chunk = this.#input.copy(chunk, at);
        borrowed = false;
        at = 0;
      }
      if (this.#held()) {
        this.#rest = at === 0 ? chunk : chunk.subarray(at);
        break;
      }
      at = this.#step(chunk, at);
    }
    this.#processing = false;
    const free = this.#exchange?.onRequestFlush() ?? false;
    if (free) this.#input.release(this.#rest);
    if (this.#rest !== undefined) {
      if (!this.#held()) this.#goOn();
    } else if (this.#clientEnded) {
      this.#afterLastOctet();
    }
  }

  /** The client had closed its side before all it sent was looked at, and now that is done. */
  #afterLastOctet(): void {
    if (this.#reading === 'head' && this.#exchange === undefined) this.socket.destroySoon();
    else if (this.#reading === 'length' || this.#reading === 'chunked') this.#lose(unfinishedBody());
    else if (this.#reading === 'raw') this.#endRelay();
  }

  /** Reads as far as one thing goes. @returns where the next begins. */
  #step(chunk: Buffer, at: number): number {
    switch (this.#reading) {
      case 'head':
        return this.#readHead(chunk, at);
      case 'length':
        return this.#readLength(chunk, at);
      case 'chunked':
      case 'drain-chunked':
        return this.#readChunked(chunk, at);
      case 'drain-length':
        return this.#drainLength(chunk, at);
      case 'raw':
        this.#exchange?.onRequestBody(at === 0 ? chunk : chunk.subarray(at));
        return chunk.length;
      default:
        return chunk.length;
    }
  }

  #readHead(chunk: Buffer, at: number): number {
    const reader = this.#reader;
    if (!reader.midHead && this.#requests > 0) this.#readTimer.set(this.#handler.settings.headersTimeout);
    const result = reader.readHead(chunk, at);
    if (result === INCOMPLETE && !this.#headTooLarge()) return at + reader.consumed;
    if (result !== COMPLETE) {
      this.refuse(malformedRequest(reader, this.#handler.settings));
      return chunk.length;
    }
    const next = at + reader.consumed;
    let request: Http1Request;
    try {
      request = readRequestHead(reader, this.#handler.settings, this.#memory);
    } catch (error) {
      this.refuse(
        error instanceof GatewayError
          ? error
          : new GatewayError('internal', 'reading a head', { cause: error }),
      );
      return chunk.length;
    }
    reader.clearHead();
    this.#begin(request);
    return next;
  }

  #headTooLarge(): boolean {
    const { text, spans, targetStart, targetEnd } = this.#reader;
    const { headerBytes, headerCount, targetBytes } = this.#handler.settings;
    if (targetStart === -1) return text.length > 64;
    const target = targetEnd - targetStart;
    return target > targetBytes || text.length - targetEnd > headerBytes || spans.length > headerCount * 4;
  }

  #begin(request: Http1Request): void {
    this.#request = request;
    this.#requests++;
    this.#readTimer.clear();
    this.#bodyFlows = false;
    this.#paused = false;
    this.#continueSent = false;
    this.headSent = false;
    this.bytesWritten = 0;
    this.#keepAlive =
      request.keepAlive &&
      !this.#handler.draining &&
      this.#requests < this.#handler.settings.requestsPerConnection;
    if (!request.hasBody) {
      this.#reader.skipBody();
      this.#reading = 'wait';
    } else if (request.contentLength > 0) {
      this.#reader.skipBody();
      this.#reading = 'length';
      this.#remaining = request.contentLength;
    } else {
      this.#reading = 'chunked';
    }
    const exchange = this.#handler.onRequest(request, this);
    this.#exchange = exchange;
    // The whole exchange may be over when this returns.
    exchange.start();
  }

  #readLength(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#remaining);
    this.#remaining -= end - at;
    this.#pace.count(end - at);
    if (this.#remaining === 0) this.#reading = 'wait';
    const exchange = this.#exchange;
    exchange?.onRequestBody(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end));
    if (this.#remaining === 0 && this.#reading === 'wait') this.#bodyEnded(undefined);
    return end;
  }

  #readChunked(chunk: Buffer, at: number): number {
    const reader = this.#reader;
    const draining = this.#reading === 'drain-chunked';
    const result = reader.readChunked(chunk, at);
    const end = at + reader.consumed;
    if (result === FAILED || reader.trailerBytes > this.#handler.settings.headerBytes) {
      this.#brokenBody(new GatewayError('bad_framing', reader.errorReason || 'too many octets of trailers'));
      return chunk.length;
    }
    if (draining) {
      this.#remaining -= reader.consumed;
      if (result === COMPLETE) {
        reader.takeTrailers();
        this.#nextRequest();
      } else if (this.#remaining < 0) {
        this.#linger();
      }
      return end;
    }
    this.#pace.count(reader.consumed);
    const content = contentOf(chunk, reader.data);
    if (content !== undefined) this.#exchange?.onRequestBody(content);
    if (result !== COMPLETE || this.#reading !== 'chunked') return end;
    const trailers = reader.takeTrailers();
    const fault =
      trailers === undefined ? undefined : checkTrailers(trailers, this.#handler.settings.headerCount);
    if (fault !== undefined) {
      this.#brokenBody(fault);
      return chunk.length;
    }
    this.#reading = 'wait';
    this.#bodyEnded(trailers);
    return end;
  }

  #drainLength(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#remaining);
    this.#remaining -= end - at;
    if (this.#remaining === 0) this.#nextRequest();
    return end;
  }

  #bodyEnded(trailers: HeaderList | undefined): void {
    this.#readTimer.clear();
    this.#exchange?.onRequestEnd(trailers);
  }

  /** The body breaks the rules: what follows cannot be trusted to be a request. */
  #brokenBody(error: GatewayError): void {
    this.#keepAlive = false;
    this.#readTimer.clear();
    this.#reader.close();
    const exchange = this.#exchange;
    if (exchange === undefined) return this.#linger();
    this.#reading = 'discard';
    exchange.onClientError(error);
  }

  // The answer, from the exchange to the socket.

  sendInterim(status: number, headers: HeaderList): void {
    if (this.#request?.httpVersion !== '1.1' || this.headSent) return;
    this.socket.write(`${statusLine(status)}${headers.serialize()}\r\n`, 'latin1');
  }

  sendHead(head: ResponseHead, length: number, hasBody: boolean): void {
    const request = this.#request;
    if (request === undefined || this.headSent || this.#closed) return;
    this.headSent = true;
    const http10 = request.httpVersion === '1.0';
    if (this.#handler.draining) this.#keepAlive = false;
    const writer = this.#writer;
    if (!hasBody || length === 0) writer.framing = 'none';
    else if (length > 0) writer.framing = 'length';
    else if (http10) writer.framing = 'close';
    else writer.framing = 'chunked';
    writer.remaining = Math.max(0, length);
    if (writer.framing === 'close' || !this.#canDrain(head)) this.#keepAlive = false;
    writer.head(
      writeResponseHead(head, {
        framing: writer.framing,
        length,
        keepAlive: this.#keepAlive,
        http10,
        date: this.#handler.date(),
      }),
    );
  }

  retractHead(): boolean {
    if (!this.headSent || this.#closed || !this.#writer.retract()) return false;
    this.headSent = false;
    this.bytesWritten = 0;
    return true;
  }

  sendUpgrade(headers: HeaderList): void {
    this.headSent = true;
    this.#keepAlive = false;
    this.#writer.framing = 'raw';
    this.#reading = 'raw';
    this.#bodyFlows = true;
    this.#readTimer.clear();
    this.#writer.head(`${statusLine(101)}${headers.serialize()}\r\n`);
    const waiting = this.#rest !== undefined;
    this.#goOn();
    if (!waiting && this.#clientEnded) this.#endRelay();
  }

  write(chunk: Uint8Array): boolean {
    const writer = this.#writer;
    if (this.#closed || writer.framing === 'none') return true;
    if (writer.framing === 'length' && chunk.length > writer.remaining) {
      this.abort(new GatewayError('upstream_body_broken', 'more body than announced'));
      return true;
    }
    this.bytesWritten += chunk.length;
    const more = writer.write(chunk);
    this.#watchBacklog();
    return more;
  }

  end(trailers?: HeaderList): void {
    const writer = this.#writer;
    if (this.#closed) return;
    if (writer.framing === 'length' && writer.remaining > 0) {
      this.abort(new GatewayError('upstream_body_broken', 'less body than announced'));
      return;
    }
    writer.end(trailers);
    if (writer.framing === 'raw') {
      // The target closed its side of a raw relay; the client may still have something to say.
      this.socket.end();
      this.#readTimer.set(RAW_HALF_CLOSED);
      if (this.#clientEnded) this.#finish();
      return;
    }
    this.#watchBacklog();
    this.#responseEnded();
  }

  abort(_error: GatewayError): void {
    if (this.#closed) return;
    // Without a length only a reset tells the client that this was not the end; behind a FIN there can be none.
    const { framing } = this.#writer;
    const untold = (framing === 'close' || framing === 'raw') && !this.socket.writableEnded;
    if (untold) this.socket.resetAndDestroy();
    else this.socket.destroy();
    this.#lose();
  }

  cork(): void {
    this.#writer.cork();
  }

  uncork(): boolean {
    const more = this.#writer.uncork();
    this.#watchBacklog();
    return more;
  }

  /**
   * Answers what is not a request and closes. Nothing was handed to the gateway.
   */
  refuse(error: GatewayError): void {
    const text = this.#reader.text.slice(0, 256);
    this.#keepAlive = false;
    this.#reader.close();
    this.#reader.clearHead();
    const body = this.#handler.onRefused(error, this, text);
    // RFC 9110 §15.5.6: a 405 says what is allowed.
    const allow = error.code === 'method_not_allowed' ? `Allow: ${commonMethods}\r\n` : '';
    if (!this.#closed) {
      this.socket.write(
        `${statusLine(error.status)}Content-Type: application/problem+json\r\nContent-Length: ${body.length}\r\n` +
          `Date: ${this.#handler.date()}\r\n${allow}Cache-Control: no-store\r\nConnection: close\r\n\r\n${body}`,
        'latin1',
      );
    }
    this.#linger();
  }

  /** Whether an answer that comes before the whole request may leave the connection open. */
  #canDrain(head: ResponseHead): boolean {
    switch (this.#reading) {
      case 'length':
        // A target that answers early may still take the body; an answer of ours means that nobody does.
        return head.from === 'target' || (this.#remaining <= DRAIN_LIMIT && this.#bodyPromised());
      case 'chunked':
        return head.from === 'target' || this.#bodyPromised();
      default:
        return this.#reading !== 'discard';
    }
  }

  /** A client that waits for a 100 it never gets may send the body or not: what follows is ambiguous. */
  #bodyPromised(): boolean {
    return this.#request?.expectContinue !== true || this.#continueSent;
  }

  /** The last octet of the answer is with the system. What is left of the request decides how the connection goes on. */
  #responseEnded(): void {
    this.#exchangeTimer.clear();
    if (this.#reading === 'wait') return this.#keepAlive ? this.#nextRequest() : this.#linger();
    if (
      !this.#keepAlive ||
      !this.#bodyPromised() ||
      (this.#reading === 'length' && this.#remaining > DRAIN_LIMIT)
    ) {
      return this.#linger();
    }
    if (this.#reading === 'length') this.#reading = 'drain-length';
    else if (this.#reading === 'chunked') {
      this.#reading = 'drain-chunked';
      this.#remaining = DRAIN_LIMIT;
    } else return this.#linger();
    this.#finish();
    this.#readTimer.set(LINGER);
    this.#goOn();
  }

  /** The exchange is over and the next request may be read. */
  #nextRequest(): void {
    this.#finish();
    if (this.#clientEnded && this.#rest === undefined && !this.#processing) {
      this.socket.end();
      return;
    }
    if (!this.#keepAlive || this.#handler.draining) return this.#linger();
    this.#reading = 'head';
    this.#readTimer.set(this.#handler.settings.keepAliveTimeout);
    this.#goOn();
  }

  #finish(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#request = undefined;
    this.#input.forget();
    exchange?.onResponseSent();
  }

  /** Half-closes, and goes on discarding for a moment: closing on unread octets would take the answer away with a reset. */
  #linger(): void {
    this.#finish();
    this.#reading = 'discard';
    this.#rest = undefined;
    if (this.#closed) return;
    this.socket.end();
    this.#readTimer.set(LINGER);
    if (this.#clientEnded) this.socket.destroySoon();
    else if (this.#input.paused) this.#resumeSocket();
  }

  #watchBacklog(): void {
    if (!this.#writer.backlog) this.#writeTimer.clear();
    else if (!this.#writeTimer.armed) {
      this.#writeTimer.set(this.#clientEnded ? HALF_CLOSED_PATIENCE : this.#handler.settings.writeTimeout);
    }
  }

  #onDrain(): void {
    this.#writeTimer.clear();
    if (this.#reading === 'head') this.#goOn();
    else this.#exchange?.onClientDrain();
  }

  // Ends of all kinds.

  /**
   * The client has closed its side. Many only mean that they have said everything; others are gone. Before the answer
   * has begun, an interim answer finds out: whoever is gone resets. Behind that, progress decides.
   */
  #onEnd(): void {
    this.#clientEnded = true;
    if (this.#reading === 'raw') {
      this.#endRelay();
      return;
    }
    const exchange = this.#exchange;
    if (exchange === undefined) {
      if (this.#reading === 'discard') this.socket.destroySoon();
      else if (this.#rest === undefined) this.socket.destroySoon();
      return;
    }
    if (this.#reading !== 'wait') {
      this.#lose(unfinishedBody());
    } else if (this.headSent) {
      this.#writeTimer.set(HALF_CLOSED_PATIENCE);
    } else if (this.#request?.httpVersion === '1.1') {
      this.#probeDelay = PROBE;
      this.#probe();
    }
  }

  /** Who is gone answers an interim answer with a reset; but behind a FIN that shows only when the next one is written. */
  #probe(): void {
    this.socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1');
    this.#readTimer.set(this.#probeDelay);
    this.#probeDelay *= 2;
  }

  /** The client has said everything that it had to say on a raw relay. */
  #endRelay(): void {
    this.#exchange?.onRequestEnd(undefined);
    if (this.socket.writableEnded) this.#finish();
    else this.#readTimer.set(RAW_HALF_CLOSED);
  }

  onTimer(timer: WheelTimer): void {
    if (this.#closed) return;
    if (timer === this.#exchangeTimer) this.#exchange?.onExchangeTimeout();
    else if (timer === this.#writeTimer) this.#onWriteTimeout();
    else this.#onReadTimeout();
  }

  #onWriteTimeout(): void {
    if (this.#clientEnded)
      this.#lose(new GatewayError('client_aborted', 'the client closed while the answer was under way'));
    else this.#lose(new GatewayError('response_write_timeout', 'the client did not read'));
  }

  #onReadTimeout(): void {
    switch (this.#reading) {
      case 'head':
        // Nothing came: an idle connection. Something came: a slow head.
        if (this.#reader.text.trim() === '') this.socket.destroy();
        else this.refuse(new GatewayError('request_timeout', 'the head did not arrive in time'));
        return;
      case 'length':
      case 'chunked': {
        const wait = this.#pace.next();
        if (wait > 0) {
          this.#readTimer.set(wait);
          return;
        }
        this.#keepAlive = false;
        this.#reading = 'discard';
        this.#exchange?.onClientError(new GatewayError('request_timeout', 'the body did not arrive in time'));
        return;
      }
      case 'wait':
        if (this.#clientEnded && !this.headSent) this.#probe();
        return;
      default:
        // What is still queued here has the write time-out to itself.
        if (this.#writeTimer.armed) this.#readTimer.set(LINGER);
        else this.socket.destroy();
    }
  }

  /** The connection is of no use any more. @param error what the exchange is told, if there is one under way. */
  #lose(error?: GatewayError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reading = 'discard';
    this.#rest = undefined;
    this.#input.close();
    this.#reader.close();
    this.#readTimer.dispose();
    this.#writeTimer.dispose();
    this.#exchangeTimer.dispose();
    if (!this.socket.destroyed) this.socket.destroy();
    const exchange = this.#exchange;
    if (exchange !== undefined) {
      exchange.onClientError(error ?? new GatewayError('client_aborted', 'the connection was lost'));
      this.#finish();
    }
    this.#handler.onClose(this);
  }
}

function unfinishedBody(): GatewayError {
  return new GatewayError('client_aborted', 'the client closed in the middle of the request body');
}
