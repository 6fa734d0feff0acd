import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Downstream, DownstreamHandler } from '../core/downstream.ts';
import { GatewayError } from '../core/errors.ts';
import type { Exchange, ResponseHead } from '../core/exchange.ts';
import { WheelTimer, type TimerOwner, type TimerWheel } from '../core/timer-wheel.ts';
import type { HeaderList } from '../http/header-list.ts';

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
}

/** The exchange, as its client's side knows it. */
export type MountedHandler = DownstreamHandler & Pick<Exchange, 'outcome'>;

/** The client's side of an exchange where the client's connection is that of a `node:http` server, such as an Express app's. */
export class NodeDownstream implements Downstream, TimerOwner {
  readonly #node: NodeRequest;
  readonly #exchangeTimer: WheelTimer;
  #handler: MountedHandler | undefined;
  #paused = false;
  #flows = false;
  /** Both directions are raw. */
  #raw: Duplex | undefined;
  /** What somebody else answers. */
  #diverted: GatewayError | undefined;
  headSent = false;
  bytesWritten = 0;

  constructor(node: NodeRequest, wheel: TimerWheel) {
    this.#node = node;
    this.#exchangeTimer = new WheelTimer(wheel, this);
  }

  /** The exchange begins. */
  begin(handler: MountedHandler): void {
    this.#handler = handler;
    const { response, upgrade } = this.#node;
    response.on('drain', () => this.#handler?.onClientDrain());
    response.on('error', ignore);
    response.on('close', () => {
      if (this.#raw === undefined) this.#finish(response.writableFinished);
    });
    upgrade?.socket.on('error', ignore);
    upgrade?.socket.on('close', () => {
      this.#finish(response.writableFinished);
    });
    handler.start();
  }

  // The request's body.

  startBody(): void {
    const { request, readBefore } = this.#node;
    if (this.#flows) return;
    this.#flows = true;
    if (readBefore !== undefined) {
      if (readBefore.length > 0) this.#handler?.onRequestBody(readBefore);
      this.#handler?.onRequestEnd(undefined);
      this.#handler?.onRequestFlush();
      return;
    }
    request.on('data', (chunk: Buffer) => {
      this.#handler?.onRequestBody(chunk);
      this.#handler?.onRequestFlush();
    });
    request.on('end', () => {
      this.#handler?.onRequestEnd(undefined);
      this.#handler?.onRequestFlush();
    });
    request.on('error', ignore);
    if (this.#paused) request.pause();
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
    if (status === 103 && link.length > 0 && !this.headSent) this.#node.response.writeEarlyHints({ link });
  }

  sendHead(head: ResponseHead, length: number, hasBody: boolean): void {
    if (this.headSent || this.#handler === undefined) return;
    this.headSent = true;
    const { response, onError } = this.#node;
    if (head.from === 'error' && onError !== undefined) {
      this.#diverted = this.#handler.outcome.error ?? new GatewayError('internal', `a ${head.status}`);
      return;
    }
    this.#node.onAnswer?.();
    for (const [name, values] of grouped(head.headers)) response.setHeader(name, values);
    const bodyless = head.status === 204 || head.status === 304;
    if (length >= 0 && !bodyless) response.setHeader('content-length', length);
    response.writeHead(head.status);
    if (!hasBody) response.flushHeaders();
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
    const { socket, head } = upgrade;
    this.headSent = true;
    this.#node.onAnswer?.();
    this.#raw = socket;
    response.detachSocket(socket as never);
    socket.write(`HTTP/1.1 101 Switching Protocols\r\n${headers.serialize()}\r\n`, 'latin1');
    socket.on('drain', () => this.#handler?.onClientDrain());
    socket.on('data', (chunk: Buffer) => {
      this.#handler?.onRequestBody(chunk);
      this.#handler?.onRequestFlush();
    });
    socket.on('end', () => this.#handler?.onRequestEnd(undefined));
    this.#flows = true;
    if (head.length > 0) {
      this.#handler?.onRequestBody(head);
      this.#handler?.onRequestFlush();
    }
    if (!this.#paused) socket.resume();
  }

  write(chunk: Uint8Array): boolean {
    if (this.#handler === undefined || this.#diverted !== undefined) return true;
    this.bytesWritten += chunk.length;
    return (this.#raw ?? this.#node.response).write(chunk);
  }

  end(trailers?: HeaderList): void {
    if (this.#handler === undefined) return;
    if (this.#raw !== undefined) {
      this.#raw.end();
      return;
    }
    if (this.#diverted !== undefined) {
      this.#finish(true);
      this.#node.onError?.(this.#diverted);
      return;
    }
    const { response } = this.#node;
    if (trailers !== undefined)
      response.addTrailers([...trailers].map(([name, value]): [string, string] => [name, value]));
    response.end();
  }

  abort(): void {
    const { response, upgrade } = this.#node;
    upgrade?.socket.destroy();
    response.destroy();
  }

  cork(): void {
    (this.#raw ?? this.#node.response).cork();
  }

  uncork(): boolean {
    const sink = this.#raw ?? this.#node.response;
    sink.uncork();
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

  /** The exchange is over, and somebody else has the client from here on. */
  protected release(): void {
    this.#finish(true);
  }

  /** Whoever the answer is written to takes more of it. */
  protected takeMore(): void {
    this.#handler?.onClientDrain();
  }

  /** @param whole whether the client has got all of the answer. */
  #finish(whole: boolean): void {
    const handler = this.#handler;
    if (handler === undefined) return;
    this.#handler = undefined;
    this.#exchangeTimer.dispose();
    if (!whole && this.#raw === undefined)
      handler.onClientError(new GatewayError('client_aborted', 'the connection was lost'));
    else if (this.#raw !== undefined) handler.onRequestEnd(undefined);
    handler.onResponseSent();
  }
}

const ignore = (): void => undefined;

/** The lines by name, as `setHeader` takes them, in the letter case of the first of each name. */
function grouped(headers: HeaderList): Iterable<[string, string | string[]]> {
  const groups = new Map<string, [string, string | string[]]>();
  for (const [name, value] of headers) {
    const group = groups.get(name.toLowerCase());
    if (group === undefined) groups.set(name.toLowerCase(), [name, value]);
    else group[1] = [group[1], value].flat();
  }
  return groups.values();
}
