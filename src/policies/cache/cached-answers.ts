import type { StoredAnswer } from '../../core/answer-store.ts';
import type { Exchange, ResponseHead } from '../../core/exchange.ts';
import { HeaderList } from '../../http/header-list.ts';
import { AnswerKeeper } from './answer-keeper.ts';
import { isConfirmation } from './conditions.ts';
import { invalidatedPlaces } from './invalidation.ts';
import { standInStatuses, standsInForErrors } from './reuse.ts';
import type { RouteCache } from './route-cache.ts';
import { replyFrom } from './serving.ts';
import { confirmedHeaders, type NotStored } from './storing.ts';
import { sameNames } from './vary.ts';
import type { Visit } from './visit.ts';

const nothing = new Uint8Array(0);

/** Reasons for which a confirmation is for one client alone, and what is stored still good for others. */
const ofThisRequest: ReadonlySet<NotStored> = new Set([
  'credentials',
  'request-no-store',
  'set-cookie',
  'cookie',
  'not-fresh',
]);

/** What becomes of answers on their way to clients: kept, confirmed, replaced by what is kept, or a sign that this holds no longer. */
export class CachedAnswers {
  readonly #cache: RouteCache;
  readonly #keeper: AnswerKeeper;

  constructor(cache: RouteCache) {
    this.#cache = cache;
    this.#keeper = new AnswerKeeper(cache);
  }

  onResponse(exchange: Exchange, head: ResponseHead): void {
    this.#cache.stopWaiting(exchange);
    const visit = this.#cache.visitOf(exchange);
    if (visit === undefined) return;
    if (visit.bypass !== undefined) {
      this.#invalidate(exchange, head, visit);
      this.#keeper.keepPosted(exchange, head, visit);
      this.#cache.say(head, `fwd=${visit.bypass === 'method' ? 'method' : 'bypass'}`);
      return;
    }
    const { stored, fill } = visit;
    const now = this.#cache.clock.now();
    const failed = head.from === 'error' || (head.from === 'target' && standInStatuses.has(head.status));
    if (failed && stored !== undefined && standsInForErrors(stored.head, now)) {
      this.#cache.counters.served('stale');
      this.#answerWith(exchange, head, visit, stored);
      return;
    }
    if (head.from !== 'target') {
      fill?.fail();
      return;
    }
    if (head.status === 304 && visit.conditional === true && stored !== undefined) {
      this.#confirmed(exchange, head, visit, stored);
      return;
    }
    this.#keeper.keep(exchange, head, visit, now);
  }

  /** A change to a resource makes what is kept of it, and of those that the answer names, invalid (RFC 9111 §4.4). */
  #invalidate(exchange: Exchange, head: ResponseHead, { key }: Visit): void {
    if (head.from !== 'target') return;
    const places = invalidatedPlaces(exchange.request.method, head, key.place);
    for (const place of places) {
      const { text } = place === key.place ? key : this.#cache.keyOf(exchange, place);
      this.#cache.answers.invalidate(text, place);
    }
    if (places.length > 0) this.#cache.counters.invalidated();
  }

  /** The target says that what is stored still holds (RFC 9111 §4.3.3). */
  #confirmed(exchange: Exchange, head: ResponseHead, visit: Visit, stored: StoredAnswer): void {
    this.#cache.counters.served('revalidated');
    const lines = confirmedHeaders(stored.head, head.headers, this.#cache.clock.now());
    const received = this.#keeper.received(stored.head.status, HeaderList.from(lines), visit);
    const { responseTime } = received;
    const { vary, part } = stored.head;
    const kept = this.#keeper.headToStore(exchange, visit, received, false);
    if (
      typeof kept === 'string' ||
      !isConfirmation(stored.head, head.headers) ||
      !sameNames(kept, stored.head)
    ) {
      // What is for this client alone is in no other answer, and nobody else is told that it holds.
      if (visit.fill !== undefined) this.#cache.fills.letGo(visit.fill, false);
      if (typeof kept !== 'string' || !ofThisRequest.has(kept))
        this.#cache.answers.invalidate(visit.key.text, visit.key.place);
      const served = { ...stored, head: { ...stored.head, lines, responseTime, initialAge: 0 } };
      this.#answerWith(exchange, head, { ...visit, fill: undefined }, served);
      return;
    }
    const updated = { ...stored, head: { ...kept, vary, part }, requestTime: visit.requestTime };
    this.#keeper.put(visit, updated);
    this.#answerWith(exchange, head, visit, { ...updated, head: { ...updated.head, lines } }, updated);
  }

  /** Puts a stored answer in the place of the one that came, for whoever waits too. */
  #answerWith(
    exchange: Exchange,
    head: ResponseHead,
    visit: Visit,
    stored: StoredAnswer,
    shared: StoredAnswer = stored,
  ): void {
    const now = this.#cache.clock.now();
    const { fill, asked } = visit;
    if (fill !== undefined) {
      fill.begin(shared.head, shared.body.length);
      fill.complete(shared.body);
      this.#cache.fills.end(fill);
    }
    const told = {
      now,
      status: this.#cache.written.cacheStatus
        ? `waygate; hit; fwd=stale; fwd-status=${head.status}`
        : undefined,
    };
    const reply = replyFrom(
      stored,
      { method: exchange.request.method, headers: asked ?? exchange.request.headers },
      told,
    );
    if (reply === undefined) return;
    head.status = reply.status;
    head.headers.deleteWhere(() => true);
    for (const [name, value] of reply.headers ?? []) head.headers.append(name, value);
    head.body = reply.body ?? nothing;
  }

  /** Whatever became of the exchange, nobody waits for it any longer. */
  onFinish(exchange: Exchange): void {
    this.#cache.stopWaiting(exchange);
    const fill = this.#cache.visitOf(exchange)?.fill;
    if (fill === undefined) return;
    fill.fail(exchange.outcome.error);
    this.#cache.fills.end(fill);
  }
}
