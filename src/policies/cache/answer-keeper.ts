import type { StoredAnswer, StoredHead } from '../../core/answer-store.ts';
import type { Exchange, ResponseHead } from '../../core/exchange.ts';
import type { HeaderList } from '../../http/header-list.ts';
import { freshFor, type ReceivedHead } from './answer.ts';
import { canBeConfirmed } from './conditions.ts';
import type { Fill, FillEvents } from './fill.ts';
import { saysHowLong } from './freshness.ts';
import { isOwnLocation } from './invalidation.ts';
import { ttlOf } from './options.ts';
import { nothingSaid, reuseOf } from './reuse.ts';
import type { RouteCache } from './route-cache.ts';
import { headToStore, type NotStored, type StoringRules } from './storing.ts';
import { sameSelection } from './vary.ts';
import type { Visit } from './visit.ts';

/** Seconds for which an answer that can be confirmed is kept behind its lifetime. */
const KEPT_FOR_CONFIRMATION = 24 * 3600;

const nothing = new Uint8Array(0);

/** Keeps answers as they go by, as far as they may be kept. */
export class AnswerKeeper {
  readonly #cache: RouteCache;
  readonly #rules: StoringRules;
  /** The same for answers that are not in the name of a consumer. */
  readonly #rulesForAll: StoringRules;

  constructor(cache: RouteCache) {
    const { written } = cache;
    this.#cache = cache;
    this.#rules = {
      ttl: ttlOf(written.ttl),
      heuristic: written.heuristic,
      stripSetCookie: written.setCookie === 'strip',
      perConsumer: written.perConsumer,
      errorLimit: written.errorLimit / 1000,
      staleWhileRevalidate: written.staleWhileRevalidate / 1000,
      staleIfError: written.staleIfError / 1000,
    };
    this.#rulesForAll = { ...this.#rules, perConsumer: false };
  }

  /** Keeps an answer as it goes by, if it may be kept. */
  keep(exchange: Exchange, head: ResponseHead, visit: Visit, now: number): void {
    const received = this.received(head.status, head.headers, visit);
    const kept = this.headToStore(exchange, visit, received, false);
    const declared = Number(head.headers.get('content-length') ?? NaN);
    const refusal = typeof kept === 'string' ? kept : declared > this.#cache.limit ? 'too-large' : undefined;
    if (typeof kept === 'string' || refusal !== undefined) {
      this.#cache.counters.notStored(refusal ?? 'status');
      if (visit.fill !== undefined) {
        this.#cache.fills.letGo(visit.fill, head.status < 500 && refusal !== 'cookie');
        // Nobody else wants it: a target does not send a gigabyte to no client at all.
        exchange.outliveClient(false);
      }
      this.#cache.say(head, `fwd=${visit.stored === undefined ? 'miss' : 'stale'}`);
      return;
    }
    this.#cache.say(head, `fwd=${visit.stored === undefined ? 'miss' : 'stale'}; stored`);
    const fill = visit.fill ?? this.#cache.fills.alone('', this.#cache.limit);
    this.#cache.fills.dependsOn(
      visit.key.text,
      kept.vary.map(([name]) => name),
    );
    const isShared = kept.part === undefined && reuseOf(kept, nothingSaid, now) === 'fresh';
    if (isShared) fill.begin(kept, Number.isNaN(declared) ? undefined : declared);
    else if (visit.fill !== undefined) this.#cache.fills.letGo(visit.fill, false);
    const events = this.#eventsOf(exchange, visit, kept, fill);
    if (head.status === 204) {
      fill.complete(nothing);
      events.done();
    } else exchange.wrapResponseBody((next, source) => fill.stage(next, source, events));
  }

  /** An answer to POST that is the new representation of the very same URL, and says for how long (RFC 9110 §9.3.3). */
  keepPosted(exchange: Exchange, head: ResponseHead, visit: Visit): void {
    const { request } = exchange;
    if (request.method !== 'POST' || head.from !== 'target' || head.status !== 200) return;
    if (!isOwnLocation(head, visit.key.place) || !saysHowLong(head.headers)) return;
    // Who it was for is asked of requests that are answered from here; this one never was.
    if (request.headers.has('cookie')) return;
    const received = this.received(head.status, head.headers, visit);
    const kept = this.headToStore(exchange, visit, received, true);
    if (typeof kept === 'string') return;
    const fill = this.#cache.fills.alone('', this.#cache.limit);
    // It is of the very change that has dropped all before it: as if it had been asked for just behind that.
    const behind = { ...visit, requestTime: received.responseTime + 1 };
    exchange.wrapResponseBody((next, source) =>
      fill.stage(next, source, this.#eventsOf(exchange, behind, kept, fill)),
    );
  }

  /** As {@link headToStore}; what the cache cannot see when it looks for an answer is nothing that one may depend on. */
  headToStore(
    exchange: Exchange,
    { asked, credentials, consumer }: Visit,
    received: ReceivedHead,
    represents: boolean,
  ): StoredHead | NotStored {
    const { request } = exchange;
    const isSame = exchange.consumer?.id === consumer;
    const ofConsumer = this.#cache.written.perConsumer && isSame && consumer !== undefined;
    const kept = headToStore(
      {
        method: request.method,
        represents,
        headers: asked ?? request.headers,
        // A policy behind this one may have found out who is asking.
        credentials: credentials || (!isSame && exchange.consumer !== undefined),
      },
      received,
      ofConsumer ? this.#rules : this.#rulesForAll,
    );
    if (typeof kept === 'string') return kept;
    if (kept.vary.some(([name]) => exchange.writesHeader(name))) return 'vary';
    return sameSelection(kept, request.headers) ? kept : 'vary';
  }

  /** An answer as it has just come. */
  received(status: number, headers: HeaderList, { requestTime }: Visit): ReceivedHead {
    return { status, headers, requestTime, responseTime: this.#cache.clock.now() };
  }

  /** Keeps an answer for as long as it can be of use. */
  put({ key }: Visit, answer: StoredAnswer): void {
    const { head } = answer;
    const left = Math.max(0, freshFor(head, this.#cache.clock.now()));
    const confirmable = canBeConfirmed(head) ? KEPT_FOR_CONFIRMATION : 0;
    const behind = Math.max(confirmable, head.staleWhileRevalidate, head.staleIfError);
    this.#cache.counters.stored(answer.body.length);
    this.#cache.answers.put(key.text, answer, left + behind);
  }

  #eventsOf(exchange: Exchange, visit: Visit, kept: StoredHead, fill: Fill): FillEvents {
    return {
      done: () => {
        const body = fill.whole();
        if (body === undefined) this.#cache.counters.notStored('too-large');
        // A part that is not as long as it says is nobody knows which.
        else if (kept.part !== undefined && body.length !== kept.part.last - kept.part.first + 1)
          this.#cache.counters.notStored('partial');
        else this.put(visit, { head: kept, body, place: visit.key.place, requestTime: visit.requestTime });
        this.#cache.fills.end(fill);
      },
      overflow: () => {
        if (visit.fill !== undefined) this.#cache.fills.remember(fill);
      },
      unwanted: () => {
        if (visit.fill !== undefined) exchange.outliveClient(false);
      },
    };
  }
}
