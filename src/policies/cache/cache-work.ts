import type { AnswerStore, StoredAnswer, StoredHead } from '../../core/answer-store.ts';
import type { Exchange, Reply, RequestHead, ResponseHead } from '../../core/exchange.ts';
import type { ExplainedStep, Setup } from '../../core/policy.ts';
import { problemReply } from '../../core/problem.ts';
import type { Lease } from '../../core/shared.ts';
import { HeaderList } from '../../http/header-list.ts';
import { freshFor, type ReceivedHead } from './answer.ts';
import { saysHowLong } from './freshness.ts';
import { bypassReader } from './bypass.ts';
import { CacheCounters } from './counters.ts';
import {
  askWhetherItHolds,
  canBeConfirmed,
  isConditional,
  isConfirmation,
  isOfUseFor,
  removeConditions,
} from './conditions.ts';
import type { Fill, FillEvents } from './fill.ts';
import { invalidatedPlaces, isOwnLocation } from './invalidation.ts';
import { keyMaker, type CacheKey } from './key.ts';
import { ttlOf, type CacheOptions } from './options.ts';
import { PendingFills } from './pending-fills.ts';
import {
  forbidsStoring,
  nothingSaid,
  requestDirectives,
  reuseOf,
  standInStatuses,
  standsInForErrors,
} from './reuse.ts';
import { hitStatus, replyFrom, replyFromFill } from './serving.ts';
import { confirmedHeaders, headToStore, type NotStored, type StoringRules } from './storing.ts';
import { sameNames, sameSelection, selects } from './vary.ts';
import type { Visit, Waiting } from './visit.ts';

/** How often one request waits for what somebody else fetches, before it asks for itself. */
const MOST_WAITS = 3;

/** Seconds for which an answer that can be confirmed is kept behind its lifetime. */
const KEPT_FOR_CONFIRMATION = 24 * 3600;

const nothing = new Uint8Array(0);

/** Reasons for which a confirmation is for one client alone, and what is stored still good for others. */
const ofThisRequest: ReadonlySet<NotStored> = new Set([
  'credentials',
  'request-no-store',
  'set-cookie',
  'cookie',
  'not-fresh',
]);

/** The cache of one route: what its requests get from it, and what it keeps of their answers. */
export class CacheWork {
  readonly #written: CacheOptions;
  readonly #setup: Setup;
  readonly #answers: AnswerStore;
  readonly #fills: Lease<PendingFills>;
  readonly #rules: StoringRules;
  /** The same for answers that are not in the name of a consumer. */
  readonly #rulesForAll: StoringRules;
  readonly #counters: CacheCounters;
  readonly #keyOf: ReturnType<typeof keyMaker>;
  readonly #bypassOf: ReturnType<typeof bypassReader>;
  readonly #visits = Symbol('cache');
  readonly #waits = Symbol('cache, waiting');
  readonly #limit: number;

  constructor(written: CacheOptions, setup: Setup) {
    this.#written = written;
    this.#setup = setup;
    this.#answers = setup.answers;
    this.#fills = setup.share('fills', () => new PendingFills(setup.clock));
    this.#counters = new CacheCounters(setup.metrics);
    this.#keyOf = keyMaker(written);
    this.#bypassOf = bypassReader(written);
    this.#limit = Math.min(written.maxSize ?? Infinity, setup.answers.largestBody);
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

  close(): void {
    this.#fills.release();
  }

  // Requests.

  onRequest(exchange: Exchange): Reply | undefined | Promise<Reply | undefined> {
    const bypass = this.#bypassOf(exchange.request);
    const key = this.#keyOf(exchange);
    if (bypass !== undefined) {
      this.#counters.bypassed(bypass);
      this.#note(exchange, { key, bypass });
      return undefined;
    }
    const variants = this.#answers.get(key.text);
    if (!(variants instanceof Promise)) return this.#look(exchange, key, variants);
    const waiting = this.#wait(exchange);
    return variants.then((found) => this.#look(exchange, key, found, waiting));
  }

  /** An exchange may come to its end while it waits; then it must not begin anything that others wait for. */
  #wait(exchange: Exchange): Waiting {
    const waiting: Waiting = { times: 0, until: undefined, over: false };
    exchange.state.set(this.#waits, waiting);
    return waiting;
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
    const now = this.#setup.clock.now();
    const directives = this.#written.clientDirectives === 'obey' ? requestDirectives(headers) : nothingSaid;
    const stored = variants.find((each) => this.#fits(each.head, exchange) && isOfUseFor(each, request, now));
    const reuse = stored === undefined ? undefined : reuseOf(stored.head, directives, now);
    if (stored !== undefined && reuse !== 'validate') {
      const reply = replyFrom(stored, request, { now, status: this.#hitStatus(stored.head, now) });
      if (reply !== undefined) {
        this.#counters.served(reuse === 'fresh' ? 'hits' : 'stale');
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
      this.#written.coalesce !== false
    ) {
      const fill = this.#fills.value.get(this.#fillKey(exchange, key));
      if (fill !== undefined) return this.#follow(exchange, key, fill, waiting ?? this.#wait(exchange));
    }
    this.#counters.served('misses');
    this.#goOn(exchange, key, stored, isPlain);
    return undefined;
  }

  #fillKey(exchange: Exchange, key: CacheKey): string {
    return this.#fills.value.keyOf(key.text, this.#hasCredentials(exchange), exchange.request.headers);
  }

  /** Whether it has credentials that the key does not tell from others. */
  #hasCredentials(exchange: Exchange): boolean {
    return hasCredentials(exchange) && !(this.#written.perConsumer && exchange.consumer !== undefined);
  }

  /** Whether a stored answer is one for this request (RFC 9111 §4). */
  #fits(head: StoredHead, exchange: Exchange): boolean {
    if (!head.forCredentials && this.#hasCredentials(exchange)) return false;
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
      this.#written.coalesce !== false &&
      // Its own answer is none to keep, which says nothing of the others.
      !forbidsStoring(headers);
    const fill = leads ? this.#fills.value.begin(this.#fillKey(exchange, key), this.#limit) : undefined;
    const asked = headers.copy();
    if (confirmable) askWhetherItHolds(stored.head, headers);
    if (fill !== undefined) exchange.outliveClient();
    this.#note(exchange, { key, asked, stored, conditional: confirmable, fill });
  }

  /** Waits for what another request has asked for. */
  async #follow(exchange: Exchange, key: CacheKey, fill: Fill, waiting: Waiting): Promise<Reply | undefined> {
    const { coalesce } = this.#written;
    waiting.until ??= this.#setup.clock.monotonic() + (coalesce === false ? 0 : coalesce);
    const outcome = await this.#fills.value.wait(fill, waiting.until);
    if (waiting.over) return undefined;
    if (outcome.kind === 'begun' && fill.joinable && this.#fits(outcome.head, exchange)) {
      this.#counters.served('coalesced');
      const now = this.#setup.clock.now();
      const status = this.#written.cacheStatus ? 'waygate; fwd=miss; collapsed' : undefined;
      return replyFromFill(outcome.head, fill.feed(), exchange.request, { now, status });
    }
    // One that is not to be shared never will be; anything else may be there by now, or be fetched by somebody else.
    waiting.times = outcome.kind === 'uncacheable' ? MOST_WAITS : waiting.times + 1;
    return this.#look(exchange, key, await this.#answers.get(key.text), waiting);
  }

  /** Fetches an answer again while the old one is used. */
  #refetch(exchange: Exchange, key: CacheKey, stored: StoredAnswer): void {
    const { method, headers } = exchange.request;
    const fillKey = this.#fillKey(exchange, key);
    if (method !== 'GET' || forbidsStoring(headers) || this.#fills.value.get(fillKey) !== undefined) return;
    const fill = this.#fills.value.begin(fillKey, this.#limit);
    if (fill === undefined) return;
    exchange.startBackground((other) => {
      const confirmable = canBeConfirmed(stored.head);
      const asked = other.request.headers.copy();
      if (confirmable) askWhetherItHolds(stored.head, other.request.headers);
      else removeConditions(other.request.headers);
      this.#note(other, { key, asked, stored, conditional: confirmable, fill });
    });
  }

  #note(exchange: Exchange, visit: Omit<Visit, 'requestTime' | 'credentials' | 'consumer'>): void {
    const requestTime = this.#setup.clock.now();
    const credentials = this.#hasCredentials(exchange);
    const consumer = exchange.consumer?.id;
    exchange.state.set(this.#visits, { ...visit, requestTime, credentials, consumer } satisfies Visit);
  }

  // Answers.

  onResponse(exchange: Exchange, head: ResponseHead): void {
    this.#stopWaiting(exchange);
    const visit = this.#visitOf(exchange);
    if (visit === undefined) return;
    if (visit.bypass !== undefined) {
      this.#invalidate(exchange, head, visit);
      this.#keepPosted(exchange, head, visit);
      this.#say(head, `fwd=${visit.bypass === 'method' ? 'method' : 'bypass'}`);
      return;
    }
    const { stored, fill } = visit;
    const now = this.#setup.clock.now();
    const failed = head.from === 'error' || (head.from === 'target' && standInStatuses.has(head.status));
    if (failed && stored !== undefined && standsInForErrors(stored.head, now)) {
      this.#counters.served('stale');
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
    this.#keep(exchange, head, visit, now);
  }

  /** A change to a resource makes what is kept of it, and of those that the answer names, invalid (RFC 9111 §4.4). */
  #invalidate(exchange: Exchange, head: ResponseHead, { key }: Visit): void {
    if (head.from !== 'target') return;
    const places = invalidatedPlaces(exchange.request.method, head, key.place);
    for (const place of places) {
      const { text } = place === key.place ? key : this.#keyOf(exchange, place);
      this.#answers.invalidate(text, place);
    }
    if (places.length > 0) this.#counters.invalidated();
  }

  /** An answer to POST that is the new representation of the very same URL, and says for how long (RFC 9110 §9.3.3). */
  #keepPosted(exchange: Exchange, head: ResponseHead, visit: Visit): void {
    const { request } = exchange;
    if (request.method !== 'POST' || head.from !== 'target' || head.status !== 200) return;
    if (!isOwnLocation(head, visit.key.place) || !saysHowLong(head.headers)) return;
    // Who it was for is asked of requests that are answered from here; this one never was.
    if (request.headers.has('cookie')) return;
    const received = this.#received(head.status, head.headers, visit);
    const kept = this.#headToStore(exchange, visit, received, true);
    if (typeof kept === 'string') return;
    const fill = this.#fills.value.alone('', this.#limit);
    // It is of the very change that has dropped all before it: as if it had been asked for just behind that.
    const behind = { ...visit, requestTime: received.responseTime + 1 };
    exchange.wrapResponseBody((next, source) =>
      fill.stage(next, source, this.#eventsOf(exchange, behind, kept, fill)),
    );
  }

  /** As {@link headToStore}; what the cache cannot see when it looks for an answer is nothing that one may depend on. */
  #headToStore(
    exchange: Exchange,
    { asked, credentials, consumer }: Visit,
    received: ReceivedHead,
    represents: boolean,
  ): StoredHead | NotStored {
    const { request } = exchange;
    const isSame = exchange.consumer?.id === consumer;
    const ofConsumer = this.#written.perConsumer && isSame && consumer !== undefined;
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

  /** The target says that what is stored still holds (RFC 9111 §4.3.3). */
  #confirmed(exchange: Exchange, head: ResponseHead, visit: Visit, stored: StoredAnswer): void {
    this.#counters.served('revalidated');
    const lines = confirmedHeaders(stored.head, head.headers, this.#setup.clock.now());
    const received = this.#received(stored.head.status, HeaderList.from(lines), visit);
    const { responseTime } = received;
    const { vary, part } = stored.head;
    const kept = this.#headToStore(exchange, visit, received, false);
    if (
      typeof kept === 'string' ||
      !isConfirmation(stored.head, head.headers) ||
      !sameNames(kept, stored.head)
    ) {
      // What is for this client alone is in no other answer, and nobody else is told that it holds.
      if (visit.fill !== undefined) this.#fills.value.letGo(visit.fill, false);
      if (typeof kept !== 'string' || !ofThisRequest.has(kept))
        this.#answers.invalidate(visit.key.text, visit.key.place);
      const served = { ...stored, head: { ...stored.head, lines, responseTime, initialAge: 0 } };
      this.#answerWith(exchange, head, { ...visit, fill: undefined }, served);
      return;
    }
    const updated = { ...stored, head: { ...kept, vary, part }, requestTime: visit.requestTime };
    this.#put(visit, updated);
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
    const now = this.#setup.clock.now();
    const { fill, asked } = visit;
    if (fill !== undefined) {
      fill.begin(shared.head, shared.body.length);
      fill.complete(shared.body);
      this.#fills.value.end(fill);
    }
    const told = {
      now,
      status: this.#written.cacheStatus ? `waygate; hit; fwd=stale; fwd-status=${head.status}` : undefined,
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

  /** Keeps an answer as it goes by, if it may be kept. */
  #keep(exchange: Exchange, head: ResponseHead, visit: Visit, now: number): void {
    const received = this.#received(head.status, head.headers, visit);
    const kept = this.#headToStore(exchange, visit, received, false);
    const declared = Number(head.headers.get('content-length') ?? NaN);
    const refusal = typeof kept === 'string' ? kept : declared > this.#limit ? 'too-large' : undefined;
    if (typeof kept === 'string' || refusal !== undefined) {
      this.#counters.notStored(refusal ?? 'status');
      if (visit.fill !== undefined) {
        this.#fills.value.letGo(visit.fill, head.status < 500 && refusal !== 'cookie');
        // Nobody else wants it: a target does not send a gigabyte to no client at all.
        exchange.outliveClient(false);
      }
      this.#say(head, `fwd=${visit.stored === undefined ? 'miss' : 'stale'}`);
      return;
    }
    this.#say(head, `fwd=${visit.stored === undefined ? 'miss' : 'stale'}; stored`);
    const fill = visit.fill ?? this.#fills.value.alone('', this.#limit);
    this.#fills.value.dependsOn(
      visit.key.text,
      kept.vary.map(([name]) => name),
    );
    const isShared = kept.part === undefined && reuseOf(kept, nothingSaid, now) === 'fresh';
    if (isShared) fill.begin(kept, Number.isNaN(declared) ? undefined : declared);
    else if (visit.fill !== undefined) this.#fills.value.letGo(visit.fill, false);
    const events = this.#eventsOf(exchange, visit, kept, fill);
    if (head.status === 204) {
      fill.complete(nothing);
      events.done();
    } else exchange.wrapResponseBody((next, source) => fill.stage(next, source, events));
  }

  #eventsOf(exchange: Exchange, visit: Visit, kept: StoredHead, fill: Fill): FillEvents {
    return {
      done: () => {
        const body = fill.whole();
        if (body === undefined) this.#counters.notStored('too-large');
        // A part that is not as long as it says is nobody knows which.
        else if (kept.part !== undefined && body.length !== kept.part.last - kept.part.first + 1)
          this.#counters.notStored('partial');
        else this.#put(visit, { head: kept, body, place: visit.key.place, requestTime: visit.requestTime });
        this.#fills.value.end(fill);
      },
      overflow: () => {
        if (visit.fill !== undefined) this.#fills.value.remember(fill);
      },
      unwanted: () => {
        if (visit.fill !== undefined) exchange.outliveClient(false);
      },
    };
  }

  #put({ key }: Visit, answer: StoredAnswer): void {
    const { head } = answer;
    const left = Math.max(0, freshFor(head, this.#setup.clock.now()));
    const confirmable = canBeConfirmed(head) ? KEPT_FOR_CONFIRMATION : 0;
    const behind = Math.max(confirmable, head.staleWhileRevalidate, head.staleIfError);
    this.#counters.stored(answer.body.length);
    this.#answers.put(key.text, answer, left + behind);
  }

  #received(status: number, headers: HeaderList, { requestTime }: Visit): ReceivedHead {
    return { status, headers, requestTime, responseTime: this.#setup.clock.now() };
  }

  #hitStatus(head: StoredHead, now: number): string | undefined {
    return this.#written.cacheStatus ? hitStatus(head, now) : undefined;
  }

  #say(head: ResponseHead, what: string): void {
    if (this.#written.cacheStatus)
      head.headers.append('Cache-Status', `waygate; ${what}; fwd-status=${head.status}`);
  }

  /** Whatever became of the exchange, nobody waits for it any longer. */
  onFinish(exchange: Exchange): void {
    this.#stopWaiting(exchange);
    const fill = this.#visitOf(exchange)?.fill;
    if (fill === undefined) return;
    fill.fail(exchange.outcome.error);
    this.#fills.value.end(fill);
  }

  #stopWaiting(exchange: Exchange): void {
    const waiting = exchange.state.get(this.#waits) as Waiting | undefined;
    if (waiting !== undefined) waiting.over = true;
  }

  #visitOf(exchange: Exchange): Visit | undefined {
    // What stands under a symbol of our own is ours.
    return exchange.state.get(this.#visits) as Visit | undefined;
  }

  explain(exchange: Exchange): ExplainedStep {
    const { request } = exchange;
    const { place, text } = this.#keyOf(exchange);
    const bypass = this.#bypassOf(request);
    if (bypass !== undefined) return { notes: [`goes past the cache: ${bypassWords[bypass]}`] };
    const notes = [`key: ${place.host}${place.path}${place.query}`];
    if (this.#written.key.query !== 'all')
      notes.push(`of the query the key has: ${text.split('\n')[4] ?? ''}`);
    if (this.#written.perConsumer) notes.push(`of the consumer ${exchange.consumer?.id ?? '(nobody)'} alone`);
    else if (hasCredentials(exchange))
      notes.push(
        'has credentials: kept or answered only if the service says public, s-maxage or must-revalidate',
      );
    notes.push(couldBeStored(request, this.#written));
    return { notes };
  }
}

const bypassWords = {
  method: 'only GET and HEAD are answered from it',
  body: 'it has a body',
  upgrade: 'it is a WebSocket',
  condition: 'it has a condition that only the service can judge',
  override: 'a header asks for another method or path',
  rule: 'a rule under `bypass` names it',
} as const;

function couldBeStored(request: RequestHead, { ttl, heuristic }: CacheOptions): string {
  if (request.method !== 'GET') return 'its answer is not kept: only those to GET are';
  if (/\bno-store\b/i.test(request.headers.get('cache-control') ?? ''))
    return 'its answer is not kept: it says no-store';
  if (ttl !== undefined) return 'its answer is kept for the `ttl` unless it forbids that';
  return `its answer is kept if it says how long it is fresh${heuristic ? ', or when it was last modified' : ''}`;
}

/** Whether somebody has said who is asking, or the request says so itself. */
function hasCredentials({ consumer, request }: Exchange): boolean {
  return consumer !== undefined || request.headers.has('authorization');
}
