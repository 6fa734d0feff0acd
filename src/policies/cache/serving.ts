import type { StoredAnswer, StoredHead } from '../../core/answer-store.ts';
import type { Reply } from '../../core/exchange.ts';
import type { ReplyBody } from '../../core/reply-body.ts';
import type { HeaderList } from '../../http/header-list.ts';
import { PreparedHeaders } from '../../http/prepared-headers.ts';
import { ageOf, freshFor } from './answer.ts';
import { portionFor, type Wish } from './conditions.ts';

/** What is told of a stored answer beside its lines. */
export interface Told {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The value of `Cache-Status`, if it is said. */
  readonly status: string | undefined;
}

const contentRange: ReadonlySet<string> = new Set(['content-range']);

type Lines = readonly (readonly [name: string, value: string])[];

/** Lines that describe a body, and have no place beside none (RFC 9110 §15.4.5). */
const ofBody: ReadonlySet<string> = new Set([
  'content-encoding',
  'content-range',
  'content-type',
  'content-language',
]);

/**
 * The answer to a client from what is stored: all of it, a part, or that it has it already.
 * @returns undefined when the stored part is not the one that is wanted.
 */
export function replyFrom({ head, body }: StoredAnswer, request: Wish, told: Told): Reply | undefined {
  const portion = portionFor(head, body.length, request, told.now);
  if (portion.kind === 'missing') return undefined;
  const headers = portion.kind === 'whole' ? preparedLines(head, told) : undefined;
  if (headers !== undefined) return { status: head.status, headers, checked: true, body };
  const lines = linesOf(head, told);
  if (portion.kind === 'not-modified') return { status: 304, headers: without(lines, ofBody) };
  if (portion.kind === 'whole') return { status: head.status, headers: lines, body };
  const range = ['Content-Range', portion.contentRange] as const;
  if (portion.kind === 'unsatisfiable') return { status: 416, headers: [...without(lines, ofBody), range] };
  const { first, last } = portion.octets;
  const kept = without(lines, contentRange);
  return { status: 206, headers: [...kept, range], body: body.subarray(first, last + 1) };
}

/** The answer to a client from what is only just arriving. */
export function replyFromFill(head: StoredHead, body: ReplyBody, request: Wish, told: Told): Reply {
  const { kind } = portionFor(head, 0, request, told.now);
  const lines = linesOf(head, told);
  return kind === 'not-modified'
    ? { status: 304, headers: without(lines, ofBody) }
    : { status: head.status, headers: lines, body };
}

/** What hits of the same answer send again and again. */
const prepared = new WeakMap<StoredHead, PreparedHeaders>();

/** As {@link linesOf}, for most of the answers. */
function preparedLines(head: StoredHead, { now, status }: Told): HeaderList | undefined {
  let lines = prepared.get(head);
  if (lines === undefined) {
    lines = PreparedHeaders.from(head.lines);
    if (lines === undefined) return undefined;
    prepared.set(head, lines);
  }
  const list = lines.list();
  list.append('Age', ageText(head, now));
  if (status !== undefined) list.append('Cache-Status', status);
  return list;
}

function ageText(head: StoredHead, now: number): string {
  const age = ageOf(head, now);
  return String(Number.isFinite(age) ? age : 2 ** 31);
}

/** The stored lines, with `Age` (RFC 9111 §5.1) and what the cache says of itself. */
function linesOf(head: StoredHead, { now, status }: Told): Lines {
  const lines: (readonly [string, string])[] = [...head.lines, ['Age', ageText(head, now)]];
  if (status !== undefined) lines.push(['Cache-Status', status]);
  return lines;
}

function without(lines: Lines, names: ReadonlySet<string>): Lines {
  return lines.filter(([name]) => !names.has(name.toLowerCase()));
}

/** `Cache-Status` (RFC 9211) of an answer from the cache. */
export function hitStatus(head: StoredHead, now: number): string {
  const left = freshFor(head, now);
  return `waygate; hit; ttl=${Number.isFinite(left) ? left : -(2 ** 31)}`;
}
