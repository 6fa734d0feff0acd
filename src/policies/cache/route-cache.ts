import type { AnswerStore } from '../../core/answer-store.ts';
import type { Exchange, ResponseHead } from '../../core/exchange.ts';
import type { Setup } from '../../core/policy.ts';
import type { Lease } from '../../core/shared.ts';
import { bypassReader } from './bypass.ts';
import { CacheCounters } from './counters.ts';
import { type CacheKey, keyMaker } from './key.ts';
import type { CacheOptions } from './options.ts';
import { PendingFills } from './pending-fills.ts';
import type { Visit, Waiting } from './visit.ts';

/** The cache of one route: what both its requests and their answers have to do with. */
export class RouteCache {
  readonly written: CacheOptions;
  readonly clock: Setup['clock'];
  readonly answers: AnswerStore;
  readonly counters: CacheCounters;
  readonly keyOf: ReturnType<typeof keyMaker>;
  readonly bypassOf: ReturnType<typeof bypassReader>;
  /** The largest body that is kept, in octets. */
  readonly limit: number;
  readonly #fills: Lease<PendingFills>;
  readonly #visits = Symbol('cache');
  readonly #waits = Symbol('cache, waiting');

  constructor(written: CacheOptions, { answers, clock, metrics, routeId, share }: Setup) {
    this.written = written;
    this.clock = clock;
    this.answers = answers;
    this.counters = new CacheCounters(metrics);
    this.keyOf = keyMaker(written, routeId);
    this.bypassOf = bypassReader(written);
    this.limit = Math.min(written.maxSize ?? Infinity, answers.largestBody);
    this.#fills = share('fills', () => new PendingFills(clock));
  }

  /** What is being fetched at the moment. */
  get fills(): PendingFills {
    return this.#fills.value;
  }

  close(): void {
    this.#fills.release();
  }

  /** Keeps what an exchange has to do with the cache until it is answered. */
  note(exchange: Exchange, visit: Omit<Visit, 'requestTime' | 'credentials' | 'consumer'>): void {
    const requestTime = this.clock.now();
    const credentials = this.hasCredentials(exchange);
    const consumer = exchange.consumer?.id;
    exchange.state.set(this.#visits, { ...visit, requestTime, credentials, consumer } satisfies Visit);
  }

  /** What was noted of an exchange. */
  visitOf(exchange: Exchange): Visit | undefined {
    // What stands under a symbol of our own is ours.
    return exchange.state.get(this.#visits) as Visit | undefined;
  }

  /** An exchange may come to its end while it waits; then it must not begin anything that others wait for. */
  wait(exchange: Exchange): Waiting {
    const waiting: Waiting = { times: 0, until: undefined, over: false };
    exchange.state.set(this.#waits, waiting);
    return waiting;
  }

  /** It is answered, or its client is gone. */
  stopWaiting(exchange: Exchange): void {
    const waiting = exchange.state.get(this.#waits) as Waiting | undefined;
    if (waiting !== undefined) waiting.over = true;
  }

  /** Whether it has credentials that the key does not tell from others. */
  hasCredentials(exchange: Exchange): boolean {
    return hasCredentials(exchange) && !(this.written.perConsumer && exchange.consumer !== undefined);
  }

  /** What a request waits under for what another one fetches. */
  fillKey(exchange: Exchange, key: CacheKey): string {
    return this.fills.keyOf(key.text, this.hasCredentials(exchange), exchange.request.headers);
  }

  /** Says what has become of the request in `Cache-Status` (RFC 9211), where that is wished. */
  say(head: ResponseHead, what: string): void {
    if (this.written.cacheStatus)
      head.headers.append('Cache-Status', `waygate; ${what}; fwd-status=${head.status}`);
  }
}

/** Whether somebody has said who is asking, or the request says so itself. */
export function hasCredentials({ consumer, request }: Exchange): boolean {
  return consumer !== undefined || request.headers.has('authorization');
}
