import type { StoredAnswer, StoredHead } from '../../core/answer-store.ts';
import type { Exchange, Reply } from '../../core/exchange.ts';
import { problemReply } from '../../core/problem.ts';
import {
  askWhetherItHolds,
  canBeConfirmed,
  isConditional,
  isOfUseFor,
  removeConditions,
} from './conditions.ts';
import type { Fill } from './fill.ts';
import type { CacheKey } from './key.ts';
import { forbidsStoring, nothingSaid, requestDirectives, reuseOf } from './reuse.ts';
import type { RouteCache } from './route-cache.ts';
import { hitStatus, replyFrom, replyFromFill } from './serving.ts';
import { selects } from './vary.ts';
import type { Waiting } from './visit.ts';

/** How often one request waits for what somebody else fetches, before it asks for itself. */
const MOST_WAITS = 3;

/** What requests get from the cache, and what becomes of those that get nothing. */
export class CachedRequests {
  readonly #cache: RouteCache;

  constructor(cache: RouteCache) {
    this.#cache = cache;
  }

  onRequest(exchange: Exchange): Reply | undefined | Promise<Reply | undefined> {
    const bypass = this.#cache.bypassOf(exchange.request);
    const key = this.#cache.keyOf(exchange);
    if (bypass !== undefined) {
      this.#cache.counters.bypassed(bypass);
      this.#cache.note(exchange, { key, bypass });
      return undefined;
    }
    const variants = this.#cache.answers.get(key.text);
    if (!(variants instanceof Promise)) return this.#look(exchange, key, variants);
    const waiting = this.#cache.wait(exchange);
    return variants.then((found) => this.#look(exchange, key, found, waiting));
  }

  #look(
    exchange: Exchange,
    key: CacheKey,
    variants: readonly StoredAnswer[],
    waiting?: Waiting,
  ): Reply | undefined | Promise<Reply | undefined> {
    if (waiting?.over === true) return undefined;
    const { request } = exchange;
    const { headers } = request;
    const now = this.#cache.clock.now();
    const directives =
      this.#cache.written.clientDirectives === 'obey' ? requestDirectives(headers) : nothingSaid;
    const stored = variants.find((each) => this.#fits(each.head, exchange) && isOfUseFor(each, request, now));
    const reuse = stored === undefined ? undefined : reuseOf(stored.head, directives, now);
    if (stored !== undefined && reuse !== 'validate') {
      const reply = replyFrom(stored, request, { now, status: this.#hitStatus(stored.head, now) });
      if (reply !== undefined) {
        this.#cache.counters.served(reuse === 'fresh' ? 'hits' : 'stale');
        if (reuse === 'stale-while-revalidate') this.#refetch(exchange, key, stored);
        return reply;
      }
    }
    if (directives.onlyIfCached) return this.#onlyIfCached(exchange);
    const isPlain = request.method === 'GET' && !headers.has('range');
    if (
      isPlain &&
      !directives.noCache &&
      (waiting?.times ?? 0) < MOST_WAITS &&
      this.#cache.written.coalesce !== false
    ) {
      const fill = this.#cache.fills.get(this.#cache.fillKey(exchange, key));
      if (fill !== undefined) return this.#follow(exchange, key, fill, waiting ?? this.#cache.wait(exchange));
    }
    this.#cache.counters.served('misses');
    this.#goOn(exchange, key, stored, isPlain);
    return undefined;
  }

  /** Whether a stored answer is one for this request (RFC 9111 §4). */
  #fits(head: StoredHead, exchange: Exchange): boolean {
    if (!head.forCredentials && this.#cache.hasCredentials(exchange)) return false;
    return selects(head, exchange.request.headers);
  }

  /** RFC 9111 §5.2.1.7. */
  #onlyIfCached(exchange: Exchange): Reply {
    const detail = 'No answer is kept for this request, and it wants no other.';
    return problemReply({ status: 504, code: 'not_cached', detail }, exchange);
  }

  /** The request goes to its target: to confirm what is stored, for others as well, or for itself alone. */
  #goOn(exchange: Exchange, key: CacheKey, stored: StoredAnswer | undefined, mayLead: boolean): void {
    const { headers } = exchange.request;
    const confirmable = stored !== undefined && canBeConfirmed(stored.head);
    // A client's own conditions may bring a 304 that is of no use to others.
    const leads =
      mayLead &&
      (confirmable || !isConditional(headers)) &&
      this.#cache.written.coalesce !== false &&
      // Its own answer is none to keep, which says nothing of the others.
      !forbidsStoring(headers);
    const fill = leads
      ? this.#cache.fills.begin(this.#cache.fillKey(exchange, key), this.#cache.limit)
      : undefined;
    const asked = headers.copy();
    if (confirmable) askWhetherItHolds(stored.head, headers);
    if (fill !== undefined) exchange.outliveClient();
    this.#cache.note(exchange, { key, asked, stored, conditional: confirmable, fill });
  }

  /** Waits for what another request has asked for. */
  async #follow(exchange: Exchange, key: CacheKey, fill: Fill, waiting: Waiting): Promise<Reply | undefined> {
    const { coalesce } = this.#cache.written;
    waiting.until ??= this.#cache.clock.monotonic() + (coalesce === false ? 0 : coalesce);
    const outcome = await this.#cache.fills.wait(fill, waiting.until);
    if (waiting.over) return undefined;
    if (outcome.kind === 'begun' && fill.joinable && this.#fits(outcome.head, exchange)) {
      this.#cache.counters.served('coalesced');
      const now = this.#cache.clock.now();
      const status = this.#cache.written.cacheStatus ? 'waygate; fwd=miss; collapsed' : undefined;
      return replyFromFill(outcome.head, fill.feed(), exchange.request, { now, status });
    }
    // One that is not to be shared never will be; anything else may be there by now, or be fetched by somebody else.
    waiting.times = outcome.kind === 'uncacheable' ? MOST_WAITS : waiting.times + 1;
    return this.#look(exchange, key, await this.#cache.answers.get(key.text), waiting);
  }

  /** Fetches an answer again while the old one is used. */
  #refetch(exchange: Exchange, key: CacheKey, stored: StoredAnswer): void {
    const { method, headers } = exchange.request;
    const fillKey = this.#cache.fillKey(exchange, key);
    if (method !== 'GET' || forbidsStoring(headers) || this.#cache.fills.get(fillKey) !== undefined) return;
    const fill = this.#cache.fills.begin(fillKey, this.#cache.limit);
    if (fill === undefined) return;
    exchange.startBackground((other) => {
      const confirmable = canBeConfirmed(stored.head);
      const asked = other.request.headers.copy();
      if (confirmable) askWhetherItHolds(stored.head, other.request.headers);
      else removeConditions(other.request.headers);
      this.#cache.note(other, { key, asked, stored, conditional: confirmable, fill });
    });
  }

  #hitStatus(head: StoredHead, now: number): string | undefined {
    return this.#cache.written.cacheStatus ? hitStatus(head, now) : undefined;
  }
}
