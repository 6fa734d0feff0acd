import { GatewayError } from '../core/errors.ts';
import type { HeaderList } from '../http/header-list.ts';
import { contentOf } from './chunk-content.ts';
import type { OutgoingRequest } from './client-settings.ts';
import type { Llhttp } from './llhttp.ts';
import { RESPONSE } from './llhttp.ts';
import { COMPLETE, FAILED, INCOMPLETE, MessageReader } from './message-reader.ts';
import type { Http1Response } from './response-head.ts';
import { readResponseHead } from './response-head.ts';

/** Whoever the answers of a target are for. */
export interface ResponseReaderOwner {
  onInterim(status: number, headers: HeaderList): void;
  /** The target changes to the protocol that it was asked for: what follows is a raw relay. */
  onUpgrade(headers: HeaderList): void;
  onHead(response: Http1Response): void;
  /** Part of the body, or of what is said on a raw relay. */
  onBody(chunk: Buffer): void;
  /** The answer is complete. */
  onComplete(trailers: HeaderList | undefined): void;
  /** There are octets behind the answer. */
  onSurplus(): void;
  /** What came is not an answer. */
  onMalformed(error: GatewayError): void;
}

/** What the next octets from the target are; `done` is behind an answer, `idle` before the next request. */
type Phase = 'idle' | 'head' | 'length' | 'chunked' | 'close' | 'raw' | 'done';

/** A target's head: more than any sane one, less than what hurts. */
const HEAD_LIMIT = 64 * 1024;
const LINE_LIMIT = 500;

/** Tells what the octets from a target are: interim heads, a head, its body. */
export class ResponseReader {
  readonly #owner: ResponseReaderOwner;
  readonly #message: MessageReader;
  #request: OutgoingRequest | undefined;
  #interimLimit = 0;
  #interim = 0;
  #remaining = 0;
  #phase: Phase = 'idle';
  /** Whether any octet of an answer to the present request has come. */
  answered = false;
  /** The answer may be quiet for long: an event stream, or a raw relay. */
  streams = false;

  constructor(llhttp: Llhttp, owner: ResponseReaderOwner) {
    this.#owner = owner;
    this.#message = new MessageReader(llhttp, RESPONSE);
  }

  /** Answers to this request follow. @param interimLimit how many heads may come before the final one. */
  start(request: OutgoingRequest, interimLimit: number): void {
    this.#request = request;
    this.#interimLimit = interimLimit;
    this.#interim = 0;
    this.#phase = 'head';
    this.answered = false;
    this.streams = false;
  }

  get phase(): Phase {
    return this.#phase;
  }

  /** The answer is over; what comes now is behind it. */
  done(): void {
    this.#phase = 'done';
  }

  /** Nothing is expected before the next request. */
  rest(): void {
    this.#request = undefined;
    this.#phase = 'idle';
  }

  /** Gives the parser back. */
  close(): void {
    this.#message.close();
  }

  get expectsBody(): boolean {
    const phase = this.#phase;
    return phase === 'length' || phase === 'chunked' || phase === 'close' || phase === 'raw';
  }

  /** Whether the body needs more octets than these. */
  lacksMoreThan(octets: number): boolean {
    return this.#phase === 'length' && octets < this.#remaining;
  }

  /** Reads as far as one thing goes. @returns where the next begins. */
  take(chunk: Buffer, at: number): number {
    switch (this.#phase) {
      case 'head':
        return this.#readHead(chunk, at);
      case 'length':
        return this.#readLength(chunk, at);
      case 'chunked':
        return this.#readChunked(chunk, at);
      case 'close':
      case 'raw':
        this.#owner.onBody(at === 0 ? chunk : chunk.subarray(at));
        return chunk.length;
      default:
        this.#owner.onSurplus();
        return chunk.length;
    }
  }

  #readHead(chunk: Buffer, at: number): number {
    const message = this.#message;
    this.answered = true;
    const result = message.readHead(chunk, at);
    if (result === INCOMPLETE && message.text.length <= HEAD_LIMIT) return at + message.consumed;
    let response: Http1Response;
    try {
      if (result === FAILED) throw new GatewayError('upstream_malformed', message.errorReason);
      if (message.text.length > HEAD_LIMIT || message.spans.length > LINE_LIMIT * 4) {
        throw new GatewayError('upstream_malformed', 'the head is too large');
      }
      response = readResponseHead(message, this.#request?.isHead === true);
    } catch (error) {
      this.#owner.onMalformed(
        error instanceof GatewayError
          ? error
          : new GatewayError('internal', 'reading a head', { cause: error }),
      );
      return chunk.length;
    }
    const next = at + message.consumed;
    message.clearHead();
    if (response.body !== 'chunked') message.skipBody();
    if (response.status < 200) this.#onInterim(response);
    else this.#onFinal(response);
    return next;
  }

  #onInterim(response: Http1Response): void {
    if (response.status === 101) {
      const wanted = this.#request?.upgrade;
      if (wanted === undefined || response.upgrade !== wanted) {
        this.#owner.onMalformed(new GatewayError('upstream_malformed', 'a 101 that nobody asked for'));
        return;
      }
      this.#phase = 'raw';
      this.streams = true;
      this.#owner.onUpgrade(response.headers);
      return;
    }
    if (++this.#interim > this.#interimLimit) {
      this.#owner.onMalformed(new GatewayError('upstream_malformed', 'too many interim answers'));
      return;
    }
    // We have sent the client its 100 ourselves.
    if (response.status !== 100) this.#owner.onInterim(response.status, response.headers);
  }

  #onFinal(response: Http1Response): void {
    this.streams = response.isEventStream;
    this.#remaining = Math.max(0, response.length);
    this.#phase = response.body === 'none' ? 'done' : response.body;
    this.#owner.onHead(response);
    if (response.body === 'none') this.#owner.onComplete(undefined);
  }

  #readLength(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#remaining);
    this.#remaining -= end - at;
    if (this.#remaining === 0) this.#phase = 'done';
    this.#owner.onBody(at === 0 && end === chunk.length ? chunk : chunk.subarray(at, end));
    if (this.#remaining === 0) this.#owner.onComplete(undefined);
    return end;
  }

  #readChunked(chunk: Buffer, at: number): number {
    const message = this.#message;
    const result = message.readChunked(chunk, at);
    if (result === FAILED || message.trailerBytes > HEAD_LIMIT || message.trailerCount > LINE_LIMIT) {
      this.#owner.onMalformed(
        new GatewayError('upstream_body_broken', message.errorReason || 'too many trailers'),
      );
      return chunk.length;
    }
    if (result === COMPLETE) this.#phase = 'done';
    const content = contentOf(chunk, message.data);
    if (content !== undefined) this.#owner.onBody(content);
    if (result === COMPLETE) this.#owner.onComplete(message.takeTrailers());
    return at + message.consumed;
  }
}
