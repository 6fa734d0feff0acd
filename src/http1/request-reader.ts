import { GatewayError } from '../core/errors.ts';
import type { TimerOwner } from '../core/timer-wheel.ts';
import { WheelTimer } from '../core/timer-wheel.ts';
import type { HeaderList } from '../http/header-list.ts';
import { contentOf } from './chunk-content.ts';
import { REQUEST } from './llhttp.ts';
import { malformedRequest } from './malformed-request.ts';
import { COMPLETE, FAILED, INCOMPLETE, MessageReader } from './message-reader.ts';
import { RequestBodyPace } from './request-body-pace.ts';
import type { HeadMemory, Http1Request } from './request-head.ts';
import { createHeadMemory, readRequestHead } from './request-head.ts';
import type { ServerEnvironment } from './server-settings.ts';
import { LARGE } from './socket-reader.ts';
import { checkTrailers } from './trailers.ts';

/** Whoever the requests of a connection are for. */
export interface RequestReaderOwner extends TimerOwner {
  /** A request begins. All of its exchange may be over when this returns. */
  onRequest(request: Http1Request): void;
  /** What came is not a request; nothing behind it is one either. */
  onRefused(error: GatewayError): void;
  /** Part of the body, or of what is said on a raw relay. */
  onBody(chunk: Buffer): void;
  onBodyEnd(trailers: HeaderList | undefined): void;
  /** The body breaks the rules: what follows cannot be trusted to be a request. */
  onBrokenBody(error: GatewayError): void;
  /** The rest of a body that nobody wants has come to its end. */
  onDrained(): void;
  /** The rest of a body that nobody wants is too much. */
  onTooMuchToDrain(): void;
}

/** What the next octets from the client are. */
type Phase = 'head' | 'length' | 'chunked' | 'raw' | 'drain-length' | 'drain-chunked' | 'wait' | 'discard';

/** Discarded after an early answer before the connection is given up (HARDENING F21), in octets. */
const DRAIN_LIMIT = 64 * 1024;

/**
 * Tells what the octets from a client are: heads, within their limits and their time, bodies, and what nobody wants. It
 * takes them as it is given them; when that is, is for `RequestFlow` to say.
 */
export class RequestReader {
  readonly #environment: ServerEnvironment;
  readonly #owner: RequestReaderOwner;
  readonly #message: MessageReader;
  readonly #memory: HeadMemory = createHeadMemory();
  readonly pace: RequestBodyPace;
  /** For whatever the client has to do next. */
  readonly timer: WheelTimer;
  #phase: Phase = 'head';
  /** Octets of body still to come in `length` and `drain-length`, still to discard in `drain-chunked`. */
  #remaining = 0;
  /** A client that waits for a 100 it never gets may send the body or not: what follows is ambiguous. */
  #bodyPromised = true;
  /** How many requests there have been. */
  count = 0;
  /** The client has closed its side. */
  ended = false;

  constructor(environment: ServerEnvironment, owner: RequestReaderOwner) {
    this.#environment = environment;
    this.#owner = owner;
    this.#message = new MessageReader(environment.llhttp, REQUEST);
    this.pace = new RequestBodyPace(environment.wheel);
    this.timer = new WheelTimer(environment.wheel, owner);
    this.timer.set(environment.settings.headersTimeout);
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** Whether part of a head has been read. */
  get midHead(): boolean {
    return this.#message.midHead;
  }

  /** Whether there is more in what was read of a head than empty lines. */
  get begun(): boolean {
    return this.#message.text.trim() !== '';
  }

  get expectsBody(): boolean {
    return this.#phase === 'length' || this.#phase === 'chunked' || this.#phase === 'raw';
  }

  get expectsMuch(): boolean {
    return this.#phase === 'length' && this.#remaining >= LARGE;
  }

  /** Reads as far as one thing goes. @returns where the next begins. */
  take(chunk: Buffer, at: number): number {
    switch (this.#phase) {
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
        this.#owner.onBody(at === 0 ? chunk : chunk.subarray(at));
        return chunk.length;
      default:
        return chunk.length;
    }
  }

  #readHead(chunk: Buffer, at: number): number {
    const message = this.#message;
    const { settings } = this.#environment;
    if (!message.midHead && this.count > 0) this.timer.set(settings.headersTimeout);
    const result = message.readHead(chunk, at);
    if (result === INCOMPLETE && !this.#headTooLarge()) return at + message.consumed;
    if (result !== COMPLETE) {
      this.#owner.onRefused(malformedRequest(message, settings));
      return chunk.length;
    }
    const next = at + message.consumed;
    let request: Http1Request;
    try {
      request = readRequestHead(message, settings, this.#memory);
    } catch (error) {
      this.#owner.onRefused(
        error instanceof GatewayError
          ? error
          : new GatewayError('internal', 'reading a head', { cause: error }),
      );
      return chunk.length;
    }
    message.clearHead();
    this.#begin(request);
    return next;
  }

  #headTooLarge(): boolean {
    const { text, spans, targetStart, targetEnd } = this.#message;
    const { headerBytes, headerCount, targetBytes } = this.#environment.settings;
    if (targetStart === -1) return text.length > 64;
    const target = targetEnd - targetStart;
    return target > targetBytes || text.length - targetEnd > headerBytes || spans.length > headerCount * 4;
  }

  #begin(request: Http1Request): void {
    this.count++;
    this.timer.clear();
    this.#bodyPromised = !request.expectContinue;
    if (!request.hasBody) {
      this.#message.skipBody();
      this.#phase = 'wait';
    } else if (request.contentLength > 0) {
      this.#message.skipBody();
      this.#phase = 'length';
      this.#remaining = request.contentLength;
    } else {
      this.#phase = 'chunked';
    }
    this.#owner.onRequest(request);
  }

  #readLength(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#remaining);
    this.#remaining -= end - at;
    this.pace.count(end - at);
    if (this.#remaining === 0) this.#phase = 'wait';
    this.#owner.onBody(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end));
    if (this.#remaining === 0 && this.#phase === 'wait') this.#bodyEnded(undefined);
    return end;
  }

  #readChunked(chunk: Buffer, at: number): number {
    const message = this.#message;
    const { settings } = this.#environment;
    const draining = this.#phase === 'drain-chunked';
    const result = message.readChunked(chunk, at);
    const end = at + message.consumed;
    if (result === FAILED || message.trailerBytes > settings.headerBytes) {
      this.#broken(new GatewayError('bad_framing', message.errorReason || 'too many octets of trailers'));
      return chunk.length;
    }
    if (draining) {
      this.#remaining -= message.consumed;
      if (result === COMPLETE) {
        message.takeTrailers();
        this.#owner.onDrained();
      } else if (this.#remaining < 0) {
        this.#owner.onTooMuchToDrain();
      }
      return end;
    }
    this.pace.count(message.consumed);
    const content = contentOf(chunk, message.data);
    if (content !== undefined) this.#owner.onBody(content);
    if (result !== COMPLETE || this.#phase !== 'chunked') return end;
    const trailers = message.takeTrailers();
    const fault = trailers === undefined ? undefined : checkTrailers(trailers, settings.headerCount);
    if (fault !== undefined) {
      this.#broken(fault);
      return chunk.length;
    }
    this.#phase = 'wait';
    this.#bodyEnded(trailers);
    return end;
  }

  #drainLength(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#remaining);
    this.#remaining -= end - at;
    if (this.#remaining === 0) this.#owner.onDrained();
    return end;
  }

  #bodyEnded(trailers: HeaderList | undefined): void {
    this.timer.clear();
    this.#owner.onBodyEnd(trailers);
  }

  #broken(error: GatewayError): void {
    this.timer.clear();
    this.#message.close();
    this.#owner.onBrokenBody(error);
  }

  // What its owner decides.

  /** The client has been told to send its body, or is about to anyway. @param invited whether it was sent a 100. */
  startBody(invited: boolean): void {
    if (invited) this.#bodyPromised = true;
    this.pace.start(this.#environment.settings.bodyMinRate);
    this.timer.set(this.pace.next());
  }

  /** Whether the body comes fast enough: asked when the timer has run out, which is set again if so. */
  keepsPace(): boolean {
    const wait = this.pace.next();
    if (wait > 0) this.timer.set(wait);
    return wait > 0;
  }

  /** Whether an answer that comes before the whole request may leave the connection open. */
  mayGoOn(fromTarget: boolean): boolean {
    switch (this.#phase) {
      case 'length':
        // A target that answers early may still take the body; an answer of ours means that nobody does.
        return fromTarget || (this.#remaining <= DRAIN_LIMIT && this.#bodyPromised);
      case 'chunked':
        return fromTarget || this.#bodyPromised;
      default:
        return this.#phase !== 'discard';
    }
  }

  /** The rest of the body is not wanted. @returns false when it is not worth waiting for its end. */
  drain(): boolean {
    if (!this.#bodyPromised) return false;
    if (this.#phase === 'length' && this.#remaining <= DRAIN_LIMIT) {
      this.#phase = 'drain-length';
      return true;
    }
    if (this.#phase !== 'chunked') return false;
    this.#phase = 'drain-chunked';
    this.#remaining = DRAIN_LIMIT;
    return true;
  }

  /** The next request may come. */
  next(): void {
    this.#phase = 'head';
    this.timer.set(this.#environment.settings.keepAliveTimeout);
  }

  /** Everything from here on is a raw relay's. */
  relay(): void {
    this.#phase = 'raw';
    this.timer.clear();
  }

  /** Nothing is looked at any more. */
  discard(): void {
    this.#phase = 'discard';
  }

  /** What came is not a request. @returns it, cut short. */
  refuse(): string {
    const text = this.#message.text.slice(0, 256);
    this.#message.close();
    this.#message.clearHead();
    return text;
  }

  close(): void {
    this.#phase = 'discard';
    this.#message.close();
    this.timer.dispose();
  }
}
