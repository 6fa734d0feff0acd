import type { StoredHead } from '../../core/answer-store.ts';
import { CacheControl } from '../../http/cache-control.ts';
import { httpDate } from '../../http/date.ts';
import { isEntityTag } from '../../http/entity-tag.ts';
import { parseContentRange } from '../../http/byte-range.ts';
import { parseTokenList } from '../../http/field.ts';
import type { HeaderList } from '../../http/header-list.ts';
import type { ReceivedHead } from './answer.ts';
import { forbidsStoring } from './reuse.ts';
import { directivesOf, initialAge, lifetimeOf, saysHowLong, type LifetimeRules } from './freshness.ts';
import { selectingValues, varyNames } from './vary.ts';

/** What a request has to do with keeping its answer. */
export interface StoringRequest {
  readonly method: string;
  /**
   * Whether the answer to another method says that it is the representation of the resource, and for how long: then it answers
   * GET too (RFC 9110 §9.3.3).
   */
  readonly represents: boolean;
  readonly headers: HeaderList;
  /** Whether somebody has said who is asking, or the request has an `Authorization`. */
  readonly credentials: boolean;
}

/** What the operator wants of keeping. */
export interface StoringRules extends LifetimeRules {
  /** Each consumer has answers of its own. */
  readonly perConsumer: boolean;
  /** Whether an answer with `Set-Cookie` is kept without that, rather than not at all. */
  readonly stripSetCookie: boolean;
  /** The longest lifetime of an error, in seconds. */
  readonly errorLimit: number;
  /** Seconds, where an answer says nothing of it. */
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
}

/** Why an answer is not kept: a word for metrics and `explain`. */
export type NotStored =
  | 'method'
  | 'status'
  | 'request-no-store'
  | 'malformed'
  | 'no-store'
  | 'private'
  | 'credentials'
  | 'cookie'
  | 'set-cookie'
  | 'vary'
  | 'partial'
  | 'not-fresh'
  | 'too-large';

/** Statuses whose meaning for caches we know (RFC 9111 §5.2.2.3). */
const understood: ReadonlySet<number> = new Set([
  ...[200, 203, 204, 206, 300, 301, 302, 303, 307, 308, 400, 401, 403, 404, 405, 410, 414, 451],
  ...[500, 501, 502, 503, 504],
]);

/**
 * Statuses that are about one request, by what is in its headers and not in the key: whoever sends such a request must not
 * decide what the others get, whatever the answer says of its freshness.
 */
const ofOneRequest: ReadonlySet<number> = new Set([407, 408, 411, 412, 413, 416, 417, 421, 425, 428, 431]);

/** As well, but an operator whose service answers all alike with them may say for how long. */
const mostlyOfOneRequest: ReadonlySet<number> = new Set([401, 406, 415, 426, 429]);

/** Fields that are about one connection or one client, and never kept (RFC 9111 §3.1). */
const neverKept: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'],
  ...['proxy-authenticate', 'proxy-authentication-info', 'proxy-authorization'],
  ...['set-cookie', 'set-cookie2', 'age', 'cache-status', 'content-length'],
]);

/**
 * The head to keep of an answer, or why it is not kept (RFC 9111 §3). In doubt it is not.
 * @param control those of the request.
 */
export function headToStore(
  request: StoringRequest,
  received: ReceivedHead,
  rules: StoringRules,
): StoredHead | NotStored {
  const { status, headers } = received;
  if (request.method !== 'GET' && !request.represents) return 'method';
  if (status < 200 || status === 304 || ofOneRequest.has(status)) return 'status';
  if (mostlyOfOneRequest.has(status) && rules.ttl(status) === undefined) return 'status';
  if (forbidsStoring(request.headers)) return 'request-no-store';
  const { control } = directivesOf(headers);
  const refusal = refusedBy(control, status) ?? refusedFor(request, received, control, rules);
  if (refusal !== undefined) return refusal;
  const part = status === 206 ? parseContentRange(headers.get('content-range') ?? '') : undefined;
  if (status === 206 && part === undefined) return 'partial';
  const names = varyNames(headers);
  if (names === undefined) return 'vary';
  const lifetime = lifetimeOf(received, control, rules);
  const head = describe(received, control, lifetime ?? 0, rules);
  if (lifetime === undefined || !isOfUse(head)) return 'not-fresh';
  return { ...head, part, vary: selectingValues(names, request.headers) };
}

/** What the answer forbids whoever asked. */
function refusedBy(control: CacheControl, status: number): NotStored | undefined {
  if (control.malformed) return 'malformed';
  if (control.has('must-understand')) {
    // It takes the place of the no-store beside it for those who know the status (RFC 9111 §5.2.2.3).
    if (!understood.has(status)) return 'status';
  } else if (control.has('no-store')) return 'no-store';
  if (control.has('private') && control.fields('private') === undefined) return 'private';
  return undefined;
}

/** What it forbids because of who asked. */
function refusedFor(
  request: StoringRequest,
  { status, headers }: ReceivedHead,
  control: CacheControl,
  rules: StoringRules,
): NotStored | undefined {
  if (!rules.stripSetCookie && (headers.has('set-cookie') || headers.has('set-cookie2'))) return 'set-cookie';
  if (rules.perConsumer) return undefined;
  if (request.credentials && !allowsCredentials(control)) return 'credentials';
  // An origin that says for how long has thought of its cookies; our own guess has not.
  if (!saysHowLong(headers) && rules.ttl(status) === undefined && request.headers.has('cookie'))
    return 'cookie';
  return undefined;
}

/** RFC 9111 §3.5. */
function allowsCredentials(control: CacheControl): boolean {
  return control.has('public') || control.isSeconds('s-maxage') || control.has('must-revalidate');
}

/** Whether there is ever a request that it answers, if only once it has been confirmed. */
function isOfUse({ lifetime, initialAge: age, etag, lastModified, ...stale }: StoredHead): boolean {
  return (
    lifetime > age ||
    etag !== undefined ||
    lastModified !== undefined ||
    (!stale.neverStale && stale.staleWhileRevalidate + stale.staleIfError > 0 && Number.isFinite(age))
  );
}

function describe(
  received: ReceivedHead,
  control: CacheControl,
  lifetime: number,
  rules: StoringRules,
): Omit<StoredHead, 'part' | 'vary'> & Pick<StoredHead, 'part' | 'vary'> {
  const { status, headers, responseTime } = received;
  const unqualified = control.has('no-cache') && control.fields('no-cache') === undefined;
  const whileRevalidate = control.seconds('stale-while-revalidate');
  const ifError = control.seconds('stale-if-error');
  const etag = headers.get('etag');
  return {
    status,
    lines: keptLines(headers, control),
    responseTime,
    initialAge: initialAge(received),
    lifetime:
      status >= 400 && rules.ttl(status) === undefined ? Math.min(lifetime, rules.errorLimit) : lifetime,
    alwaysValidate: unqualified,
    neverStale:
      unqualified ||
      // Whoever provokes an error does not decide for how long it is seen.
      status >= 400 ||
      // What cannot be read, or is said twice, is no leave to go beyond it (RFC 9111 §4.2.1).
      ['max-age', 's-maxage'].some((name) => control.has(name) && !control.isSeconds(name)) ||
      control.has('must-revalidate') ||
      control.has('proxy-revalidate') ||
      // It means proxy-revalidate (RFC 9111 §5.2.2.10), unless its origin allows staleness in so many words.
      (control.has('s-maxage') && whileRevalidate === undefined && ifError === undefined),
    staleWhileRevalidate: whileRevalidate ?? rules.staleWhileRevalidate,
    staleIfError: ifError ?? rules.staleIfError,
    forCredentials: allowsCredentials(control),
    etag: etag !== undefined && isEntityTag(etag) ? etag : undefined,
    lastModified: headers.get('last-modified'),
    tags: tagsOf(headers),
    vary: [],
    part: undefined,
  };
}

/** The lines that are kept: not those of the connection, nor those that the answer itself keeps for its first reader. */
function keptLines(headers: HeaderList, control: CacheControl): [string, string][] {
  // What one field names is kept from others, though the other field is the one that is obeyed.
  const named = [control, new CacheControl(headers.getAll('cache-control'))].flatMap((each) => [
    ...each.mentioned('private'),
    ...each.mentioned('no-cache'),
  ]);
  const left = new Set([...neverKept, ...named]);
  return [...headers].filter(([name]) => !left.has(name.toLowerCase()));
}

/** The words that an answer may be purged by. */
function tagsOf(headers: HeaderList): string[] {
  const tags = headers.getAll('cache-tag').flatMap(parseTokenList);
  const keys = headers.getAll('surrogate-key').flatMap((line) => line.toLowerCase().split(/[ \t]+/));
  return [...new Set([...tags, ...keys])].filter((tag) => tag !== '');
}

/**
 * What an answer looks like once its target has confirmed it with a 304 (RFC 9111 §4.3.4): with the 304's lines, except those that
 * describe the stored body. One that does not say when it was made was made now (RFC 9110 §6.6.1): the stored `Date` would make it
 * old again.
 * @param now milliseconds since the epoch.
 */
export function confirmedHeaders(
  stored: StoredHead,
  confirmation: HeaderList,
  now: number,
): (readonly [name: string, value: string])[] {
  const fresh: (readonly [string, string])[] = [...confirmation].filter(
    ([name]) => !describesBody.has(name.toLowerCase()),
  );
  if (!confirmation.has('date')) fresh.push(['Date', httpDate(now)]);
  const replaced = new Set(fresh.map(([name]) => name.toLowerCase()));
  return [...stored.lines.filter(([name]) => !replaced.has(name.toLowerCase())), ...fresh];
}

const describesBody: ReadonlySet<string> = new Set([
  ...['content-encoding', 'content-length', 'content-md5', 'content-range', 'etag'],
  ...['connection', 'keep-alive', 'transfer-encoding', 'upgrade', 'trailer'],
]);
