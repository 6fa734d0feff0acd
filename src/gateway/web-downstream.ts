import type { Downstream, DownstreamHandler } from '../core/downstream.ts';
import { GatewayError } from '../core/errors.ts';
import type { ResponseHead } from '../core/exchange.ts';
import { WheelTimer, type TimerOwner, type TimerWheel } from '../core/timer-wheel.ts';
import { WebRequestBody } from './web-request-body.ts';

/** Octets of an answer that wait to be read before its target is paused. */
const HELD = 64 * 1024;

/** The client's side of an exchange that is a web `Request` and becomes a `Response`: no socket. */
export class WebDownstream implements Downstream, TimerOwner {
  /** Resolves with the head; rejects when there is none. */
  readonly response: Promise<Response>;
  readonly #resolve: (response: Response) => void;
  readonly #reject: (error: unknown) => void;
  readonly #request: Request;
  readonly #exchangeTimer: WheelTimer;
  readonly #onAbort = (): void => {
    this.#lose();
  };
  #handler: DownstreamHandler | undefined;
  #body: WebRequestBody | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #paused = false;
  #unpause: (() => void) | undefined;
  headSent = false;
  bytesWritten = 0;

  constructor(request: Request, wheel: TimerWheel) {
    this.#request = request;
    this.#exchangeTimer = new WheelTimer(wheel, this);
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    this.response = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** The exchange begins. */
  begin(handler: DownstreamHandler): void {
    this.#handler = handler;
    this.#request.signal.addEventListener('abort', this.#onAbort);
    handler.start();
  }

  startBody(): void {
    void this.#readBody();
  }

  async #readBody(): Promise<void> {
    const body = new WebRequestBody(this.#request);
    this.#body = body;
    try {
      for (let chunk = await body.next(); chunk !== undefined; chunk = await body.next()) {
        this.#handler?.onRequestBody(chunk);
        this.#handler?.onRequestFlush();
        while (this.#paused && this.#handler !== undefined) {
          const { promise, resolve } = Promise.withResolvers<void>();
          this.#unpause = resolve;
          await promise;
        }
      }
      this.#handler?.onRequestEnd(undefined);
      this.#handler?.onRequestFlush();
    } catch (error) {
      // A body that is not as long as its head says is answered; with one that breaks off there is nobody to answer.
      if (error instanceof GatewayError && error.code === 'bad_framing') this.#handler?.onClientError(error);
      else this.#lose(error);
    }
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#unpause?.();
    this.#unpause = undefined;
  }

  bodyTaken(): void {}

  /** A `Response` has no interim answers. */
  sendInterim(): void {}

  sendHead(head: ResponseHead, length: number, hasBody: boolean): void {
    if (this.headSent) return;
    this.headSent = true;
    try {
      this.#resolve(this.#responseOf(head, length, hasBody));
    } catch (cause) {
      // What only the engine can make of an answer must not unwind it.
      this.abort(new GatewayError('internal', `no Response can be made of a ${head.status}`, { cause }));
    }
  }

  #responseOf({ status, headers: lines }: ResponseHead, length: number, hasBody: boolean): Response {
    const headers = new Headers([...lines].map(([name, value]): [string, string] => [name, value]));
    // Those that a `Response` has no body with (Fetch §2.2.3), whatever the target has sent.
    const bodyless = status === 204 || status === 205 || status === 304;
    if (length >= 0 && !bodyless) headers.set('content-length', String(length));
    if (status === 205) headers.delete('content-length');
    return new Response(hasBody && !bodyless ? this.#openBody() : null, { status, headers });
  }

  #openBody(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#handler?.onClientDrain(),
        cancel: () => {
          this.#controller = undefined;
          this.#lose();
        },
      },
      { highWaterMark: HELD, size: (chunk) => chunk.length },
    );
  }

  retractHead(): boolean {
    return false;
  }

  /** A `Response` cannot be one (Fetch): the protocol cannot change here. */
  sendUpgrade(): void {
    this.#handler?.onClientError(
      new GatewayError('upgrade_refused', 'a Response cannot change the protocol'),
    );
  }

  write(chunk: Uint8Array): boolean {
    this.bytesWritten += chunk.length;
    // The memory of the chunk is the reader's for as long as it likes.
    this.#controller?.enqueue(Uint8Array.from(chunk));
    return this.#hasRoom;
  }

  end(): void {
    this.#controller?.close();
    this.#controller = undefined;
    this.#finish();
  }

  abort(error: GatewayError): void {
    this.#controller?.error(error);
    this.#controller = undefined;
    this.#reject(error);
    this.#finish();
  }

  cork(): void {}

  uncork(): boolean {
    return this.#hasRoom;
  }

  get #hasRoom(): boolean {
    return (this.#controller?.desiredSize ?? 1) > 0;
  }

  setExchangeTimeout(delay: number): void {
    if (this.#handler !== undefined || delay === 0) this.#exchangeTimer.set(delay);
  }

  setBodyTimeouts(): void {}

  onTimer(): void {
    this.#handler?.onExchangeTimeout();
  }

  /** Whoever asked wants no answer any more. @param reason what is wrong with the request; without it, it was aborted. */
  #lose(reason?: unknown): void {
    const error =
      reason instanceof GatewayError ? reason : new GatewayError('client_aborted', 'the request was aborted');
    this.#handler?.onClientError(error);
    this.#controller?.error(error);
    this.#controller = undefined;
    this.#reject(this.#request.signal.aborted ? this.#request.signal.reason : (reason ?? error));
    this.#finish();
  }

  #finish(): void {
    const handler = this.#handler;
    this.#handler = undefined;
    // A signal may live much longer than the request it belongs to.
    this.#request.signal.removeEventListener('abort', this.#onAbort);
    this.#exchangeTimer.dispose();
    this.#body?.cancel();
    this.resume();
    handler?.onResponseSent();
  }
}
