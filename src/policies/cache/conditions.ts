import type { StoredHead } from '../../core/answer-store.ts';
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

const whole: Portion = { kind: 'whole' };

/**
 * What a client gets of a stored answer, by its conditions and its `Range` (RFC 9110 §13.2.2).
 * @param length octets of the stored body.
 */
export function portionFor(head: StoredHead, length: number, request: HeaderList, now: number): Portion {
  if (isNotModified(head, request, now)) return { kind: 'not-modified' };
  const text = request.get('range');
  const range = text === undefined || !ifRangeHolds(head, request, now) ? undefined : parseRange(text);
  if (head.part !== undefined) {
    const { first, last, length: all } = head.part;
    const wanted = range === undefined ? undefined : resolveRange(range, all);
    if (wanted === undefined || wanted.first < first || wanted.last > last) return { kind: 'missing' };
    const octets = { first: wanted.first - first, last: wanted.last - first };
    return { kind: 'part', octets, contentRange: contentRange(wanted, all) };
  }
  if (head.status !== 200 || range === undefined) return whole;
  const octets = resolveRange(range, length);
  if (octets === undefined) return { kind: 'unsatisfiable', contentRange: `bytes */${length}` };
  return { kind: 'part', octets, contentRange: contentRange(octets, length) };
}

/** `If-None-Match` comes before `If-Modified-Since`, which is not asked where the first stands. */
function isNotModified(head: StoredHead, request: HeaderList, now: number): boolean {
  if (head.status !== 200) return false;
  const names = request.getAll('if-none-match');
  if (names.length > 0) return head.etag !== undefined && noneMatchNames(names.join(','), head.etag);
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
  return (
    date !== undefined && head.lastModified !== undefined && parseHttpDate(head.lastModified, now) === date
  );
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

/** Whether the request has conditions of its own, or wants a part: its answer may be no good to others. */
export function isConditional(request: HeaderList): boolean {
  return conditions.some((name) => request.has(name));
}
