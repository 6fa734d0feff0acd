import type { Downstream, DownstreamHandler } from '../core/downstream.ts';
import { GatewayError } from '../core/errors.ts';
import type { ResponseHead } from '../core/exchange.ts';
import { WheelTimer, type TimerOwner, type TimerWheel } from '../core/timer-wheel.ts';

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
    const { body } = this.#request;
    try {
      if (body !== null) {
        const chunks: AsyncIterable<Uint8Array> = body;
        for await (const chunk of chunks) {
          this.#handler?.onRequestBody(chunk);
          this.#handler?.onRequestFlush();
          while (this.#paused && this.#handler !== undefined) {
            const { promise, resolve } = Promise.withResolvers<void>();
            this.#unpause = resolve;
            await promise;
          }
          // Leaving the loop cancels what is left of it.
          if (this.#handler === undefined) return;
        }
      }
      this.#handler?.onRequestEnd(undefined);
      this.#handler?.onRequestFlush();
    } catch {
      this.#lose();
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
    const headers = new Headers([...head.headers].map(([name, value]): [string, string] => [name, value]));
    const bodyless = head.status === 204 || head.status === 304;
    if (length >= 0 && !bodyless) headers.set('content-length', String(length));
    const body = hasBody && !bodyless ? this.#openBody() : null;
    this.#resolve(new Response(body, { status: head.status, headers }));
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
    this.abort(new GatewayError('upgrade_refused', 'a Response cannot change the protocol'));
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

  /** Whoever asked wants no answer any more. */
  #lose(): void {
    const error = new GatewayError('client_aborted', 'the request was aborted');
    this.#handler?.onClientError(error);
    this.#controller?.error(error);
    this.#controller = undefined;
    this.#reject(this.#request.signal.aborted ? this.#request.signal.reason : error);
    this.#finish();
  }

  #finish(): void {
    const handler = this.#handler;
    this.#handler = undefined;
    // A signal may live much longer than the request it belongs to.
    this.#request.signal.removeEventListener('abort', this.#onAbort);
    this.#exchangeTimer.dispose();
    this.resume();
    handler?.onResponseSent();
  }
}
