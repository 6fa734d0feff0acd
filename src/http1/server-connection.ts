import type { Socket } from 'node:net';
import type { Downstream, DownstreamHandler } from '../core/downstream.ts';
import { GatewayError } from '../core/errors.ts';
import type { ResponseHead } from '../core/exchange.ts';
import { WheelTimer } from '../core/timer-wheel.ts';
import type { HeaderList } from '../http/header-list.ts';
import type { Http1Request } from './request-head.ts';
import type { RequestFlowOwner } from './request-flow.ts';
import { RequestFlow } from './request-flow.ts';
import type { RequestReaderOwner } from './request-reader.ts';
import { RequestReader } from './request-reader.ts';
import { ResponseSender } from './response-sender.ts';
import type { ServerEnvironment } from './server-settings.ts';

/** The gateway, as a connection sees it. */
export interface ServerConnectionHandler extends ServerEnvironment {
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

/** How long a closed connection goes on discarding what the client still sends, so that it can read the answer. */
const LINGER = 2000;

/** How soon a client that has closed its side before the answer is asked again whether it is there; doubled each time. */
const PROBE = 250;

/** How long one side of a raw relay stays open after the other has closed. */
const RAW_HALF_CLOSED = 10_000;

/**
 * One HTTP/1 connection from a client: one exchange at a time. When it is read is its {@link RequestFlow}'s, what that
 * brought its {@link RequestReader}'s, and what leaves its {@link ResponseSender}'s. Here is what joins them: the exchange, and
 * all the ways in which it and the connection may end.
 * An object as long-lived as the connection; nothing is created for a request but the request itself and its exchange.
 */
export class ServerConnection implements Downstream, RequestReaderOwner, RequestFlowOwner {
  readonly socket: Socket;
  readonly peerIp: string;
  readonly localPort: number;
  readonly #handler: ServerConnectionHandler;
  readonly #requests: RequestReader;
  readonly #flow: RequestFlow;
  readonly #answers: ResponseSender;
  readonly #exchangeTimer: WheelTimer;
  #exchange: DownstreamHandler | undefined;
  #request: Http1Request | undefined;
  #probeDelay = 0;
  #closed = false;

  constructor(socket: Socket, handler: ServerConnectionHandler, peerIp: string) {
    this.socket = socket;
    this.peerIp = peerIp;
    this.localPort = socket.localPort ?? 0;
    this.#handler = handler;
    this.#requests = new RequestReader(handler, this);
    this.#flow = new RequestFlow(socket, handler, this.#requests, this);
    this.#answers = new ResponseSender(socket, handler, this.#requests, this);
    this.#exchangeTimer = new WheelTimer(handler.wheel, this);
    socket.on('end', () => this.#onEnd());
    socket.on('drain', () => this.#onDrain());
    socket.on('error', () => this.#lose());
    socket.on('close', () => this.#lose());
  }

  /** Whether no exchange is under way. */
  get idle(): boolean {
    return this.#exchange === undefined;
  }

  /** Closes an idle connection at once; one with an exchange under way closes after it. */
  shutdown(): void {
    const requests = this.#requests;
    if (this.#exchange !== undefined || requests.midHead || requests.phase !== 'head')
      this.#answers.keepAlive = false;
    // The last answer may still be on its way.
    else if (this.#answers.backlog) this.#linger();
    else this.socket.destroy();
  }

  // The request, as the exchange steers it.

  pause(): void {
    this.#flow.pause();
  }

  resume(): void {
    this.#flow.resume();
  }

  startBody(): void {
    const request = this.#request;
    if (request !== undefined) this.#flow.startBody(request, !this.headSent);
  }

  setBodyTimeouts(total: number, idle: number): void {
    this.#requests.pace.configure(total, idle);
  }

  setExchangeTimeout(delay: number): void {
    this.#exchangeTimer.set(delay);
  }

  bodyTaken(): void {
    this.#flow.release();
  }

  // The request, as it comes.

  onRequest(request: Http1Request): void {
    const handler = this.#handler;
    this.#request = request;
    this.#flow.begin();
    this.#answers.begin(
      request.keepAlive && !handler.draining && this.#requests.count < handler.settings.requestsPerConnection,
    );
    const exchange = handler.onRequest(request, this);
    this.#exchange = exchange;
    exchange.start();
  }

  onBody(chunk: Buffer): void {
    this.#exchange?.onRequestBody(chunk);
  }

  onBodyEnd(trailers: HeaderList | undefined): void {
    this.#exchange?.onRequestEnd(trailers);
  }

  onFlush(): boolean {
    return this.#exchange?.onRequestFlush() ?? false;
  }

  onBrokenBody(error: GatewayError): void {
    this.#answers.keepAlive = false;
    const exchange = this.#exchange;
    if (exchange === undefined) return this.#linger();
    this.#flow.discard();
    exchange.onClientError(error);
  }

  /** Answers what is not a request and closes. Nothing was handed to the gateway. */
  onRefused(error: GatewayError): void {
    const text = this.#requests.refuse();
    this.#answers.keepAlive = false;
    const body = this.#handler.onRefused(error, this, text);
    if (!this.#closed) this.#answers.refuse(error, body);
    this.#linger();
  }

  // The answer, from the exchange to the socket.

  get headSent(): boolean {
    return this.#answers.headSent;
  }

  get bytesWritten(): number {
    return this.#answers.bytesWritten;
  }

  sendInterim(status: number, headers: HeaderList): void {
    if (this.#request?.httpVersion === '1.1' && !this.headSent) this.#answers.interim(status, headers);
  }

  sendHead(head: ResponseHead, length: number, hasBody: boolean): void {
    const request = this.#request;
    if (request === undefined || this.headSent || this.#closed) return;
    this.#answers.head(request, head, length, hasBody);
  }

  retractHead(): boolean {
    return !this.#closed && this.#answers.retractHead();
  }

  sendUpgrade(headers: HeaderList): void {
    this.#flow.relay();
    this.#answers.upgrade(headers);
    const { waiting } = this.#flow;
    this.#flow.goOn();
    if (!waiting && this.#requests.ended) this.#endRelay();
  }

  write(chunk: Uint8Array): boolean {
    return this.#closed || this.#answers.write(chunk);
  }

  end(trailers?: HeaderList): void {
    if (this.#closed || !this.#answers.end(trailers)) return;
    if (this.#answers.framing === 'raw') {
      // The target closed its side of a raw relay; the client may still have something to say.
      this.socket.end();
      this.#requests.timer.set(RAW_HALF_CLOSED);
      if (this.#requests.ended) this.#finish();
      return;
    }
    this.#responseEnded();
  }

  abort(_error: GatewayError): void {
    if (this.#closed) return;
    // Without a length only a reset tells the client that this was not the end; behind a FIN there can be none.
    const { framing } = this.#answers;
    const untold = (framing === 'close' || framing === 'raw') && !this.socket.writableEnded;
    if (untold) this.socket.resetAndDestroy();
    else this.socket.destroy();
    this.#lose();
  }

  cork(): void {
    this.#answers.cork();
  }

  uncork(): boolean {
    return this.#answers.uncork();
  }

  #onDrain(): void {
    this.#answers.timer.clear();
    if (this.#requests.phase === 'head') this.#flow.goOn();
    else this.#exchange?.onClientDrain();
  }

  // From one exchange to the next.

  /** The last octet of the answer is with the system. What is left of the request decides how the connection goes on. */
  #responseEnded(): void {
    const { keepAlive } = this.#answers;
    this.#exchangeTimer.clear();
    if (this.#requests.phase === 'wait') return keepAlive ? this.#nextRequest() : this.#linger();
    if (!keepAlive || !this.#requests.drain()) return this.#linger();
    this.#finish();
    this.#requests.timer.set(LINGER);
    this.#flow.goOn();
  }

  onDrained(): void {
    this.#nextRequest();
  }

  onTooMuchToDrain(): void {
    this.#linger();
  }

  /** The exchange is over and the next request may be read. */
  #nextRequest(): void {
    this.#finish();
    if (this.#flow.exhausted) {
      this.socket.end();
    } else if (!this.#answers.keepAlive || this.#handler.draining) {
      this.#linger();
    } else {
      this.#requests.next();
      this.#flow.goOn();
    }
  }

  #finish(): void {
    const exchange = this.#exchange;
    this.#exchange = undefined;
    this.#request = undefined;
    this.#flow.forget();
    exchange?.onResponseSent();
  }

  // Ends of all kinds.

  /** Half-closes, and goes on discarding for a moment: closing on unread octets would take the answer away with a reset. */
  #linger(): void {
    this.#finish();
    this.#flow.discard();
    if (this.#closed) return;
    this.socket.end();
    this.#requests.timer.set(LINGER);
    if (this.#requests.ended) this.socket.destroySoon();
    else this.#flow.readOn();
  }

  /**
   * The client has closed its side. Many only mean that they have said everything; others are gone. Before the answer
   * has begun, an interim answer finds out: whoever is gone resets. Behind that, progress decides.
   */
  #onEnd(): void {
    const requests = this.#requests;
    requests.ended = true;
    if (requests.phase === 'raw') {
      this.#endRelay();
    } else if (this.#exchange === undefined) {
      if (requests.phase === 'discard' || !this.#flow.waiting) this.socket.destroySoon();
    } else if (requests.phase !== 'wait') {
      this.#lose(unfinishedBody());
    } else if (this.headSent) {
      this.#answers.hurry();
    } else if (this.#request?.httpVersion === '1.1') {
      this.#probeDelay = PROBE;
      this.#probe();
    }
  }

  onLastOctet(): void {
    const { phase } = this.#requests;
    if (phase === 'head' && this.#exchange === undefined) this.socket.destroySoon();
    else if (phase === 'length' || phase === 'chunked') this.#lose(unfinishedBody());
    else if (phase === 'raw') this.#endRelay();
  }

  /** Who is gone answers an interim answer with a reset; but behind a FIN that shows only when the next one is written. */
  #probe(): void {
    this.socket.write('HTTP/1.1 100 Continue\r\n\r\n', 'latin1');
    this.#requests.timer.set(this.#probeDelay);
    this.#probeDelay *= 2;
  }

  /** The client has said everything that it had to say on a raw relay. */
  #endRelay(): void {
    this.#exchange?.onRequestEnd(undefined);
    if (this.socket.writableEnded) this.#finish();
    else this.#requests.timer.set(RAW_HALF_CLOSED);
  }

  onTimer(timer: WheelTimer): void {
    if (this.#closed) return;
    if (timer === this.#exchangeTimer) this.#exchange?.onExchangeTimeout();
    else if (timer === this.#answers.timer) this.#onWriteTimeout();
    else this.#onReadTimeout();
  }

  #onWriteTimeout(): void {
    if (this.#requests.ended)
      this.#lose(new GatewayError('client_aborted', 'the client closed while the answer was under way'));
    else this.#lose(new GatewayError('response_write_timeout', 'the client did not read'));
  }

  #onReadTimeout(): void {
    const requests = this.#requests;
    switch (requests.phase) {
      case 'head':
        // Nothing came: an idle connection. Something came: a slow head.
        if (!requests.begun) this.socket.destroy();
        else this.onRefused(new GatewayError('request_timeout', 'the head did not arrive in time'));
        return;
      case 'length':
      case 'chunked':
        if (requests.keepsPace()) return;
        this.#answers.keepAlive = false;
        this.#flow.discard();
        this.#exchange?.onClientError(new GatewayError('request_timeout', 'the body did not arrive in time'));
        return;
      case 'wait':
        if (requests.ended && !this.headSent) this.#probe();
        return;
      default:
        // What is still queued here has the write time-out to itself.
        if (this.#answers.timer.armed) requests.timer.set(LINGER);
        else this.socket.destroy();
    }
  }

  /** The connection is of no use any more. @param error what the exchange is told, if there is one under way. */
  #lose(error?: GatewayError): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#flow.close();
    this.#requests.close();
    this.#answers.timer.dispose();
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
