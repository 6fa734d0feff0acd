import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Downstream, DownstreamHandler } from '../core/downstream.ts';
import { GatewayError } from '../core/errors.ts';
import type { Exchange, ResponseHead } from '../core/exchange.ts';
import { WheelTimer, type TimerOwner, type TimerWheel } from '../core/timer-wheel.ts';
import { HeaderList } from '../http/header-list.ts';
import { checkTrailers } from '../http1/trailers.ts';
import { flushOf, isAnswered, isEventStream, writeHead } from './response-head.ts';

/** A request of `node:http`, and what is known of it. */
export interface NodeRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The body, if somebody has read it already. */
  readonly readBefore?: Uint8Array | undefined;
  /** For a request that wants another protocol: its socket, and what came behind its head. */
  readonly upgrade?: { readonly socket: Duplex; readonly head: Buffer } | undefined;
  /** The first octet of the answer is about to be written. */
  readonly onAnswer?: (() => void) | undefined;
  /** Takes what the gateway would answer as an error of its own. */
  readonly onError?: ((error: GatewayError) => void) | undefined;
  /** Takes what code of the app has thrown while the answer was written through it, as long as nothing of it has left. */
  readonly fail?: ((error: unknown) => void) | undefined;
}

/** The exchange, as its client's side knows it. */
export type MountedHandler = DownstreamHandler & Pick<Exchange, 'outcome'>;

/**
 * The client's side of an exchange where the client's connection is that of a `node:http` server, such as an Express app's. Apps put
 * functions of their own around a response's, which may throw, hold chunks back, or have answered before us: none of that may reach
 * the engine.
 */
export class NodeDownstream implements Downstream, TimerOwner {
  readonly #node: NodeRequest;
  readonly #exchangeTimer: WheelTimer;
  #handler: MountedHandler | undefined;
  #paused = false;
  #flows = false;
  /** Both directions are raw. */
  #raw: Duplex | undefined;
  /** What has come behind the head of an upgrade before it was one. */
  readonly #early: Buffer[] = [];
  /** What somebody else answers. */
  #diverted: GatewayError | undefined;
  /** The head that was written is ours. */
  #wrote = false;
  #flushed = false;
  /** Somebody gathers what is written, and must be told to let an event stream pass. */
  #flushes: (() => void) | undefined;
  /** All of the answer has been written by us. */
  #ended = false;
  /** The answer is not ours any more: what the engine has left of it goes nowhere. */
  #given = false;
  /** Called once the exchange is over. */
  onOver: ((self: NodeDownstream) => void) | undefined;
  /** Where it stands among the exchanges that are under way. */
  place = -1;
  /** The answer is an event stream, which has no end of its own. */
  isEndless = false;
  headSent = false;
  bytesWritten = 0;

  constructor(node: NodeRequest, wheel: TimerWheel) {
    this.#node = node;
    this.#exchangeTimer = new WheelTimer(wheel, this);
  }

  /** The exchange begins. */
  begin(handler: MountedHandler): void {
    this.#handler = handler;
    const { request, response, upgrade } = this.#node;
    // Somebody who watches the body go by must not have it to himself until policies have decided.
    if (request.readableFlowing === true && !request.readableEnded) request.pause();
    response.on('drain', () => this.#handler?.onClientDrain());
    response.on('error', ignore);
    response.on('close', () => {
      if (this.#raw === undefined) this.#finish(response.writableFinished);
    });
    // The answer to a pipelined request has no connection yet; not every release of Node tells it of the end of the one that it waits for.
    if (response.socket === null) request.socket.once('close', this.#onLost);
    if (upgrade !== undefined) this.#watch(upgrade.socket, upgrade.head);
    handler.start();
  }

  /** Reads a connection that wants another protocol: how else would its end be noticed before the target has answered? */
  #watch(socket: Duplex, head: Buffer): void {
    const { response } = this.#node;
    let early = head.length;
    if (early > 0) this.#early.push(head);
    socket.on('error', ignore);
    socket.on('close', () => {
      this.#finish(response.writableFinished);
    });
    socket.on('drain', () => this.#raw && this.#handler?.onClientDrain());
    socket.on('data', (chunk: Buffer) => {
      if (this.#raw === undefined) {
        this.#early.push(chunk);
        early += chunk.length;
        if (early > MOST_EARLY) socket.pause();
        return;
      }
      this.#handler?.onRequestBody(chunk);
      this.#handler?.onRequestFlush();
    });
    socket.on('end', () => {
      if (this.#raw !== undefined) this.#handler?.onRequestEnd(undefined);
      else if (!this.headSent) socket.destroy();
    });
  }

  // The request's body.

  startBody(): void {
    const { request, readBefore } = this.#node;
    if (this.#flows) return;
    this.#flows = true;
    if (readBefore !== undefined) {
      if (readBefore.length > 0) this.#handler?.onRequestBody(readBefore);
      this.#endBody();
      return;
    }
    request.on('data', (chunk: Buffer) => {
      this.#handler?.onRequestBody(chunk);
      this.#handler?.onRequestFlush();
    });
    request.on('end', () => {
      this.#endBody();
    });
    request.on('error', ignore);
    if (this.#paused) request.pause();
    else request.resume();
    // The head leaves together with what is there of the body, but does not wait for more of it.
    process.nextTick(() => this.#handler?.onRequestFlush());
  }

  #endBody(): void {
    const { rawTrailers } = this.#node.request;
    const trailers = rawTrailers.length === 0 ? undefined : HeaderList.from(pairs(rawTrailers));
    const wrong = trailers && checkTrailers(trailers, MOST_TRAILERS);
    if (wrong === undefined) {
      this.#handler?.onRequestEnd(trailers);
      this.#handler?.onRequestFlush();
    } else this.#handler?.onClientError(wrong);
  }

  pause(): void {
    this.#paused = true;
    if (this.#flows) this.#source.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#flows && this.#node.readBefore === undefined) this.#source.resume();
  }

  get #source(): { pause(): unknown; resume(): unknown } {
    return this.#raw ?? this.#node.request;
  }

  bodyTaken(): void {}

  // The answer.

  sendInterim(status: number, headers: HeaderList): void {
    // Node writes no other interim answers than 103 and those of its own.
    const link = headers.getAll('link');
    const { response } = this.#node;
    if (status !== 103 || link.length === 0 || this.headSent || response.headersSent) return;
    try {
      response.writeEarlyHints({ link });
    } catch {
      // Node refuses links that it finds malformed: hints are worth no answer.
    }
  }

  sendHead(head: ResponseHead, length: number, hasBody: boolean): void {
    if (this.headSent || this.#handler === undefined) return;
    this.headSent = true;
    const { response, onError, onAnswer } = this.#node;
    if (head.from === 'error' && onError !== undefined) {
      this.#diverted = this.#handler.outcome.error ?? new GatewayError('internal', `a ${head.status}`);
      return;
    }
    if (isAnswered(response)) {
      this.#give(undefined);
      return;
    }
    this.#pass(() => {
      onAnswer?.();
      writeHead(this.#node, head, length, hasBody);
      this.#wrote = true;
      this.isEndless = isEventStream(head);
      if (this.isEndless) this.#flushes = flushOf(response);
      if (!hasBody) response.flushHeaders();
    });
  }

  retractHead(): boolean {
    return false;
  }

  sendUpgrade(headers: HeaderList): void {
    const { upgrade, response } = this.#node;
    if (upgrade === undefined) {
      this.abort();
      return;
    }
    const { socket } = upgrade;
    this.headSent = true;
    this.#node.onAnswer?.();
    this.#raw = socket;
    if (response.socket !== null) response.detachSocket(response.socket);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headers.serialize()}\r\n`, 'latin1');
    this.#flows = true;
    for (const chunk of this.#early.splice(0)) this.#handler?.onRequestBody(chunk);
    this.#handler?.onRequestFlush();
    if (!this.#paused) socket.resume();
  }

  write(chunk: Uint8Array): boolean {
    if (this.#handler === undefined || this.#diverted !== undefined || this.#given) return true;
    this.bytesWritten += chunk.length;
    // The memory of a chunk is the engine's again at once; sockets, and functions that the app put here, may hold on to it.
    const copy = Buffer.from(chunk);
    if (this.#raw !== undefined) return this.#raw.write(copy);
    return this.#pass(() => this.#node.response.write(copy)) ?? true;
  }

  end(trailers?: HeaderList): void {
    if (this.#handler === undefined || this.#given) return;
    if (this.#raw !== undefined) {
      this.#raw.end();
      return;
    }
    const diverted = this.#diverted;
    if (diverted !== undefined) {
      this.#finish(true);
      // What the app's handler throws is the app's, and must not unwind the engine.
      process.nextTick(() => this.#node.onError?.(diverted));
      return;
    }
    const { response } = this.#node;
    this.#ended = true;
    this.#pass(() => {
      if (trailers !== undefined)
        response.addTrailers([...trailers].map(([name, value]): [string, string] => [name, value]));
      response.end();
    });
  }

  abort(): void {
    if (this.#given) return;
    const { response, upgrade } = this.#node;
    upgrade?.socket.destroy();
    // One that waits behind others on its connection takes it down when it is its turn.
    if (response.socket === null) response.once('socket', (socket: Duplex) => socket.destroy());
    response.destroy();
  }

  cork(): void {
    if (!this.#given) (this.#raw ?? this.#node.response).cork();
  }

  uncork(): boolean {
    if (this.#given) return true;
    const sink = this.#raw ?? this.#node.response;
    sink.uncork();
    // The head of an answer whose body takes its time does not wait for it.
    if (this.#wrote && !this.#flushed && this.bytesWritten === 0 && !this.#ended)
      this.#pass(() => {
        this.#node.response.flushHeaders();
      });
    this.#flushed = this.#wrote;
    if (this.#flushes !== undefined && !this.#ended) this.#pass(this.#flushes);
    return !sink.writableNeedDrain;
  }

  // Time.

  setExchangeTimeout(delay: number): void {
    if (this.#handler !== undefined || delay === 0) this.#exchangeTimer.set(delay);
  }

  /** The server that the request came through has its own. */
  setBodyTimeouts(): void {}

  onTimer(): void {
    this.#handler?.onExchangeTimeout();
  }

  /** The gateway is closed: answers so, or breaks off what has begun to leave. */
  giveUp(): void {
    this.#handler?.onClientError(new GatewayError('upstream_unavailable', 'the gateway is closed'));
  }

  /** The exchange is over, and somebody else has the client from here on. */
  protected release(): void {
    this.#finish(true);
  }

  /** Whoever the answer is written to takes more of it. */
  protected takeMore(): void {
    this.#handler?.onClientDrain();
  }

  readonly #onLost = (): void => {
    this.#finish(false);
  };

  /** Goes through functions that the app may have put in the place of the response's. */
  #pass<T>(step: () => T): T | undefined {
    try {
      return step();
    } catch (error) {
      this.#give({ error });
      return undefined;
    }
  }

  /**
   * The answer is left to the app, in a moment: the engine is in the middle of giving us ours.
   * @param thrown what the app's code has thrown; undefined when it has answered by itself.
   */
  #give(thrown: { readonly error: unknown } | undefined): void {
    if (this.#given) return;
    this.#given = true;
    process.nextTick(() => {
      const { response, fail } = this.#node;
      this.#finish(false, thrown === undefined ? 'the app has answered by itself' : String(thrown.error));
      if (thrown === undefined) return;
      if (response.headersSent || fail === undefined) response.destroy();
      else {
        for (const name of response.getHeaderNames()) response.removeHeader(name);
        fail(thrown.error);
      }
    });
  }

  /** @param whole whether the client has got all of the answer, as far as there was any to get. */
  #finish(whole: boolean, detail = 'the connection was lost'): void {
    const handler = this.#handler;
    if (handler === undefined) return;
    this.#handler = undefined;
    this.#exchangeTimer.dispose();
    const { request, readBefore } = this.#node;
    request.socket.off('close', this.#onLost);
    // What is left of a body that nobody wants must not stand in the way of the connection's next request.
    if (this.#raw === undefined && readBefore === undefined && request.isPaused()) request.resume();
    if (!whole && this.#raw === undefined) handler.onClientError(new GatewayError('client_aborted', detail));
    else if (this.#raw !== undefined) handler.onRequestEnd(undefined);
    handler.onResponseSent();
    this.onOver?.(this);
  }
}

const ignore = (): void => undefined;

/** As a gateway of its own takes from a client. */
const MOST_TRAILERS = 100;

/** Octets that a client may send before its upgrade is answered; no more are read until then. */
const MOST_EARLY = 64 * 1024;

/** What Node lists flat, two by two. */
function pairs(flat: readonly string[]): [string, string][] {
  const list: [string, string][] = [];
  for (let i = 0; i + 1 < flat.length; i += 2) list.push([flat[i] ?? '', flat[i + 1] ?? '']);
  return list;
}
