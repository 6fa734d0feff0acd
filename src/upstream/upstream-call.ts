import type { BodySink, BodySource } from '../core/body.ts';
import { GatewayError } from '../core/errors.ts';
import type { UpstreamHandler, UpstreamResponse } from '../core/upstream-call.ts';
import type { HeaderList } from '../http/header-list.ts';
import type { ClientConnection } from '../http1/client-connection.ts';
import type { ClientSettings } from '../http1/client-settings.ts';
import type { Target } from './target.ts';
import type { Upstream, Waiter } from './upstream.ts';

/** A request for an upstream, whichever target it goes to. */
export interface CallRequest {
  /** The head for a target. */
  headFor(target: Target): string;
  readonly isHead: boolean;
  /** Octets of the body, −1 for chunked, 0 for none. */
  readonly length: number;
  readonly upgrade: string | undefined;
  /** Whether sending it twice is the same as sending it once (RFC 9110 §9.2.2). */
  readonly idempotent: boolean;
}

/** So much of a request body is kept, so that it can be sent again; octets. */
const RETAIN_LIMIT = 64 * 1024;

const noTargets: readonly Target[] = Object.freeze([]);

/** How often a request may meet a connection that its target has just closed. */
const STALE_LIMIT = 3;

/** Milliseconds before a retry on the same target, at the most. */
const JITTER = 50;

/**
 * One request on its way to an upstream: waits for a place, picks a target, sends, and sends again where that is safe.
 * Between the exchange and the connection it passes everything through.
 */
export class UpstreamCall implements UpstreamHandler, BodySink, BodySource, Waiter {
  readonly #upstream: Upstream;
  readonly #request: CallRequest;
  readonly #handler: UpstreamHandler;
  readonly #settings: ClientSettings;
  #connection: ClientConnection | undefined;
  /** Whether everything that has been sent is still there to be sent again; not once it is too much, or not needed any more. */
  #resendable = true;
  /** What has been sent of the body. */
  #retained: Uint8Array[] | undefined;
  #retainedBytes = 0;
  #bodyEnded = false;
  #bodyTrailers: HeaderList | undefined;
  #tried: readonly Target[] = noTargets;
  #retries = 0;
  #stale = 0;
  #place: 'none' | 'queued' | 'held' = 'none';
  #headReceived = false;
  #tunnel = false;
  /** The target has ended its side of a raw relay. */
  #relayEnded = false;
  #done = false;
  #backoff: NodeJS.Timeout | undefined;
  /** The target tried last. */
  target: Target | undefined;
  attempts = 0;

  constructor(upstream: Upstream, request: CallRequest, handler: UpstreamHandler, settings: ClientSettings) {
    this.#upstream = upstream;
    this.#request = request;
    this.#handler = handler;
    this.#settings = settings;
  }

  /** Begins. The handler may hear of a failure before it returns. */
  start(): void {
    const { state, config } = this.#upstream;
    state.budget.earn(config.retries.budget);
    const entered = state.enter(this, config.limits.queue);
    if (entered === 'refused') {
      this.#fail(new GatewayError('upstream_busy', `${state.inFlight} exchanges under way`));
      return;
    }
    if (entered === 'queued') {
      this.#place = 'queued';
      return;
    }
    this.#place = 'held';
    this.#attempt(false);
  }

  onAdmitted(): void {
    this.#place = 'held';
    this.#attempt(false);
    // The client may have been held up because nothing more could be kept for it.
    if (this.#connection?.flush() === true) this.#handler.onUpstreamDrain(false);
  }

  onQueueTimeout(): void {
    this.#place = 'none';
    this.#fail(new GatewayError('upstream_busy', 'no place in time'));
  }

  /**
   * One read of the client has been handed over.
   * @returns true when nothing of it is held any more.
   */
  flush(): boolean {
    const more = this.#connection?.flush() ?? false;
    if (!more && this.#connection !== undefined && this.#request.length !== 0)
      this.#handler.onUpstreamBackpressure();
    return more && this.#retainsNothing;
  }

  /** Nothing of the answer that was handed over so far is held any more. */
  bodyTaken(): void {
    if (!this.#done) this.#connection?.bodyTaken();
  }

  /** Whether nothing more comes of it. */
  get done(): boolean {
    return this.#done;
  }

  get #retainsNothing(): boolean {
    return this.#retained === undefined;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#done) return true;
    this.#retain(chunk);
    return this.#connection?.write(chunk) ?? this.#retainedBytes < RETAIN_LIMIT;
  }

  end(trailers?: HeaderList): void {
    if (this.#done) return;
    this.#bodyEnded = true;
    this.#bodyTrailers = trailers;
    this.#connection?.end(trailers);
    if (this.#relayEnded) this.#finish();
  }

  /** The answer is not wanted any more, or the request broke off. The handler hears nothing more. */
  abort(): void {
    if (this.#done) return;
    const connection = this.#connection;
    this.#finish();
    connection?.destroy();
  }

  /** See {@link ClientConnection.hold}. */
  hold(): void {
    this.#connection?.hold();
  }

  pause(): void {
    this.#connection?.pause();
  }

  resume(): void {
    this.#connection?.resume();
  }

  #retain(chunk: Uint8Array): void {
    if (!this.#resendable) return;
    this.#retainedBytes += chunk.length;
    // What waits for a connection is kept in any case: it has been taken.
    if (this.#retainedBytes > RETAIN_LIMIT && this.#connection !== undefined) this.#letGo();
    else (this.#retained ??= []).push(chunk);
  }

  #letGo(): void {
    this.#resendable = false;
    this.#retained = undefined;
  }

  #attempt(fresh: boolean): void {
    const target = this.#upstream.pick(this.#tried);
    if (target === undefined) {
      this.#fail(new GatewayError('upstream_unavailable', 'no target'));
      return;
    }
    this.target = target;
    this.attempts++;
    const connection = target.state.pool.acquire(this.#settings, fresh);
    this.#connection = connection;
    const { isHead, length, upgrade } = this.#request;
    connection.start({ head: this.#request.headFor(target), isHead, length, upgrade }, this, this.#settings);
    const kept = this.#retained;
    if (kept !== undefined) {
      for (const chunk of kept) connection.write(chunk);
      if (this.#retainedBytes > RETAIN_LIMIT) this.#letGo();
    }
    if (this.#bodyEnded) connection.end(this.#bodyTrailers);
  }

  onUpstreamError(error: GatewayError): void {
    const connection = this.#connection;
    this.#connection = undefined;
    const { config, environment } = this.#upstream;
    if (this.#done) return;
    if (this.#headReceived || !this.#resendable || !error.retryable) {
      this.#fail(error);
      return;
    }
    const neverSent = error.code === 'upstream_connect_failed' || error.code === 'upstream_connect_timeout';
    // A connection that rested, and that the target closed in that very moment: not a failure, and not the client's concern.
    const raced = connection !== undefined && connection.reused && !neverSent;
    if (raced && (connection.stale || this.#request.idempotent) && this.#stale < STALE_LIMIT) {
      this.#stale++;
      environment.observer.retries(config.name);
      this.#again(true);
      return;
    }
    if (this.target !== undefined) this.#tried = [...this.#tried, this.target];
    const worthIt = neverSent ? this.#tried.length < this.#upstream.targets.length : this.#request.idempotent;
    if (!worthIt || this.#retries >= config.retries.attempts || !this.#upstream.state.budget.spend()) {
      this.#fail(error);
      return;
    }
    this.#retries++;
    environment.observer.retries(config.name);
    if (this.#tried.length < this.#upstream.targets.length) {
      this.#again(false);
      return;
    }
    this.#backoff = setTimeout(() => this.#again(true), environment.random.number() * JITTER);
  }

  #again(fresh: boolean): void {
    if (this.#done) return;
    this.#attempt(fresh);
    this.#connection?.flush();
    // The client may have been held up by the connection that is gone.
    this.#handler.onUpstreamDrain(false);
  }

  onInterim(status: number, headers: HeaderList): void {
    this.#handler.onInterim(status, headers);
  }

  onUpstreamHead(response: UpstreamResponse): void {
    this.#headReceived = true;
    this.#letGo();
    this.#handler.onUpstreamHead(response);
  }

  onUpgrade(headers: HeaderList): void {
    this.#headReceived = true;
    this.#tunnel = true;
    this.#letGo();
    this.#handler.onUpgrade(headers);
  }

  onResponseBody(chunk: Uint8Array): void {
    this.#handler.onResponseBody(chunk);
  }

  onResponseEnd(trailers: HeaderList | undefined): void {
    // The raw relay ends when both sides have; until then the connection is still ours to write to.
    this.#relayEnded = this.#tunnel;
    if (!this.#tunnel || this.#bodyEnded) this.#finish();
    this.#handler.onResponseEnd(trailers);
  }

  onUpstreamDrain(taken: boolean): void {
    this.#handler.onUpstreamDrain(taken && this.#retainsNothing);
  }

  onUpstreamBackpressure(): void {
    this.#handler.onUpstreamBackpressure();
  }

  onBatchStart(): void {
    this.#handler.onBatchStart();
  }

  onBatchEnd(): boolean {
    return this.#handler.onBatchEnd();
  }

  #fail(error: GatewayError): void {
    const { config, environment } = this.#upstream;
    if (error.side === 'upstream') environment.observer.upstreamError(config.name, error.code);
    this.#finish();
    this.#handler.onUpstreamError(error);
  }

  #finish(): void {
    if (this.#done) return;
    this.#done = true;
    clearTimeout(this.#backoff);
    this.#letGo();
    // It may serve another exchange by now.
    this.#connection = undefined;
    const { state } = this.#upstream;
    if (this.#place === 'queued') state.forget(this);
    else if (this.#place === 'held') state.leave();
    this.#place = 'none';
  }
}
