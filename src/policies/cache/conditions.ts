import type { StoredAnswer, StoredHead } from '../../core/answer-store.ts';
import type { RequestHead } from '../../core/exchange.ts';
import { contentRange, parseRange, resolveRange, type ByteRange } from '../../http/byte-range.ts';
import { parseHttpDate } from '../../http/date.ts';
import { noneMatchNames, stronglyMatches } from '../../http/entity-tag.ts';
import type { HeaderList } from '../../http/header-list.ts';

/** What a client gets of a stored answer. */
export type Portion =
  | { readonly kind: 'whole' }
  /** It has it already (RFC 9110 §13.2.2): 304. */
  | { readonly kind: 'not-modified' }
  /** The octets of the stored body, and what `Content-Range` says of them: 206. */
  | { readonly kind: 'part'; readonly octets: ByteRange; readonly contentRange: string }
  /** There is nothing in that range: 416. */
  | { readonly kind: 'unsatisfiable'; readonly contentRange: string }
  /** What is stored is a part, and another is wanted. */
  | { readonly kind: 'missing' };

/** What of a request says which portion it wants. */
export type Wish = Pick<RequestHead, 'method' | 'headers'>;

const whole: Portion = { kind: 'whole' };

/**
 * What a client gets of a stored answer, by its conditions and its `Range` (RFC 9110 §13.2.2).
 * @param length octets of the stored body.
 */
export function portionFor(
  head: StoredHead,
  length: number,
  { method, headers }: Wish,
  now: number,
): Portion {
  if (isNotModified(head, headers, now)) return { kind: 'not-modified' };
  // Only GET has ranges (RFC 9110 §14.2).
  const text = method === 'GET' ? headers.get('range') : undefined;
  const range = text === undefined || !ifRangeHolds(head, headers, now) ? undefined : parseRange(text);
  if (head.part !== undefined) {
    const { first, last, length: all } = head.part;
    const wanted = range === undefined ? undefined : resolveRange(range, all);
    if (wanted === undefined || wanted.first < first || wanted.last > last) return { kind: 'missing' };
    const octets = { first: wanted.first - first, last: wanted.last - first };
    return { kind: 'part', octets, contentRange: contentRange(wanted, all) };
  }
  // Of nothing there is no part that `Content-Range` could name.
  if (head.status !== 200 || range === undefined || length === 0) return whole;
  const octets = resolveRange(range, length);
  if (octets === undefined) return { kind: 'unsatisfiable', contentRange: `bytes */${length}` };
  return { kind: 'part', octets, contentRange: contentRange(octets, length) };
}

/** `If-None-Match` comes before `If-Modified-Since`, which is not asked where the first stands. */
function isNotModified(head: StoredHead, request: HeaderList, now: number): boolean {
  if (head.status !== 200) return false;
  const names = request.getAll('if-none-match');
  // Any is the one that `*` means, whether or not it has an entity-tag.
  if (names.length > 0) return noneMatchNames(names.join(','), head.etag);
  const since = parseHttpDate(request.get('if-modified-since') ?? '', now);
  if (since === undefined) return false;
  // Without a date of its last change, that of its coming stands for it (RFC 9111 §4.3.2).
  const changed = head.lastModified ?? lineOf(head, 'date') ?? '';
  const modified = parseHttpDate(changed, now) ?? head.responseTime;
  return modified <= since;
}

/** Whether a `Range` holds for this answer: its `If-Range` names it, or there is none (RFC 9110 §13.1.5). */
function ifRangeHolds(head: StoredHead, request: HeaderList, now: number): boolean {
  const condition = request.get('if-range');
  if (condition === undefined) return true;
  if (head.etag !== undefined && stronglyMatches(condition, head.etag)) return true;
  const date = parseHttpDate(condition, now);
  const modified = parseHttpDate(head.lastModified ?? '', now);
  const sent = parseHttpDate(lineOf(head, 'date') ?? '', now);
  // Within the second of its sending it may have been changed again: no strong validator (RFC 9110 §8.8.2.2).
  return date !== undefined && date === modified && sent !== undefined && sent - modified >= 1000;
}

function lineOf({ lines }: StoredHead, name: string): string | undefined {
  return lines.find(([candidate]) => candidate.toLowerCase() === name)?.[1];
}

/** Whether an answer can be confirmed by its target. */
export function canBeConfirmed({ etag, lastModified }: StoredHead): boolean {
  return etag !== undefined || lastModified !== undefined;
}

/** Turns a request into one that asks whether a stored answer still holds (RFC 9111 §4.3.1). */
export function askWhetherItHolds({ etag, lastModified }: StoredHead, request: HeaderList): void {
  removeConditions(request);
  if (etag !== undefined) request.set('If-None-Match', etag);
  if (lastModified !== undefined) request.set('If-Modified-Since', lastModified);
}

/** The client's own conditions are for us to answer, once the whole is here. */
export function removeConditions(request: HeaderList): void {
  for (const name of conditions) request.delete(name);
}

const conditions = [
  'if-none-match',
  'if-modified-since',
  'if-match',
  'if-unmodified-since',
  'if-range',
  'range',
] as const;

/** Whether a 304 is about what was asked for: one that names another representation confirms nothing (RFC 9111 §4.3.4). */
export function isConfirmation({ etag }: StoredHead, confirmation: HeaderList): boolean {
  const named = confirmation.get('etag');
  return named === undefined || etag === undefined || opaque(named) === opaque(etag);
}

function opaque(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag;
}

/** Whether a stored answer has what the request wants: of a part, it may want another. */
export function isOfUseFor({ head, body }: StoredAnswer, request: Wish, now: number): boolean {
  return head.part === undefined || portionFor(head, body.length, request, now).kind !== 'missing';
}

/** Whether the request has conditions of its own, or wants a part: its answer may be no good to others. */
export function isConditional(request: HeaderList): boolean {
  return conditions.some((name) => request.has(name));
}
