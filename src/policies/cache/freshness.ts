import { CacheControl } from '../../http/cache-control.ts';
import { parseHttpDate } from '../../http/date.ts';
import type { HeaderList } from '../../http/header-list.ts';
import type { ReceivedHead } from './answer.ts';

/** Statuses that may be kept without being told so (RFC 9110 §15.1). */
const heuristicStatuses: ReadonlySet<number> = new Set([
  200, 203, 204, 206, 300, 301, 308, 404, 405, 410, 414, 501,
]);

/** As a share of the time since the last change (RFC 9111 §4.2.2), and at most, in seconds. */
const HEURISTIC_SHARE = 0.1;
const HEURISTIC_LIMIT = 24 * 3600;

/** What the operator wants of lifetimes. */
export interface LifetimeRules {
  /** Seconds by status, in place of what the answer says; undefined obeys it. */
  ttl(status: number): number | undefined;
  /** Whether an answer that says nothing of freshness is fresh for a tenth of the time since its last change. */
  readonly heuristic: boolean;
}

/**
 * The directives that hold for us: those of `CDN-Cache-Control`, when there are any and they are sound, alone (RFC 9213 §2.2); else those
 * of `Cache-Control`.
 */
export function directivesOf(headers: HeaderList): {
  readonly control: CacheControl;
  readonly targeted: boolean;
} {
  const lines = headers.getAll('cdn-cache-control');
  const targeted = lines.length === 0 ? undefined : CacheControl.ofDictionary(lines);
  if (targeted !== undefined) return { control: targeted, targeted: true };
  // What is unsound says nothing of freshness, but may have meant to forbid something.
  if (lines.some((line) => /private|no-store/i.test(line)))
    return { control: new CacheControl(['no-store']), targeted: true };
  return { control: new CacheControl(headers.getAll('cache-control')), targeted: false };
}

/**
 * Seconds for which an answer is fresh (RFC 9111 §4.2.1), for a shared cache.
 * @returns undefined when nothing says so: it is not to be kept.
 */
export function lifetimeOf(
  head: ReceivedHead,
  control: CacheControl,
  rules: LifetimeRules,
): number | undefined {
  const override = rules.ttl(head.status);
  if (override !== undefined) return override;
  const explicit = control.seconds('s-maxage') ?? control.seconds('max-age') ?? expiresIn(head, control);
  if (explicit !== undefined) return explicit;
  // It says no word of being kept: only some statuses may be all the same (RFC 9111 §3).
  if (control.has('no-cache')) return keptUnasked(head, control) ? 0 : undefined;
  return rules.heuristic ? heuristicLifetime(head, control) : undefined;
}

/** Whether an answer says itself for how long it is fresh. */
export function saysHowLong(headers: HeaderList): boolean {
  const { control, targeted } = directivesOf(headers);
  return control.has('s-maxage') || control.has('max-age') || (!targeted && headers.has('expires'));
}

/** Seconds between `Date` and `Expires`; 0 for an `Expires` that is none (RFC 9111 §5.3). */
function expiresIn({ headers, responseTime }: ReceivedHead, control: CacheControl): number | undefined {
  const lines = headers.getAll('expires');
  const [first] = lines;
  if (first === undefined || targetedOnly(headers, control)) return undefined;
  const expires = lines.length === 1 ? parseHttpDate(first, responseTime) : undefined;
  if (expires === undefined) return 0;
  return Math.max(0, Math.floor((expires - (dateOf(headers, responseTime) ?? responseTime)) / 1000));
}

/** A targeted field silences `Expires` too (RFC 9213 §2.2). */
function targetedOnly(headers: HeaderList, control: CacheControl): boolean {
  return headers.has('cdn-cache-control') && !control.malformed && directivesOf(headers).targeted;
}

/** Whether an answer may be kept that does not say for how long (RFC 9111 §3). */
function keptUnasked({ status }: Pick<ReceivedHead, 'status'>, control: CacheControl): boolean {
  return heuristicStatuses.has(status) || control.has('public');
}

function heuristicLifetime(
  { status, headers, responseTime }: ReceivedHead,
  control: CacheControl,
): number | undefined {
  if (!keptUnasked({ status }, control)) return undefined;
  const modified = parseHttpDate(headers.get('last-modified') ?? '', responseTime);
  if (modified === undefined) return undefined;
  const since = ((dateOf(headers, responseTime) ?? responseTime) - modified) / 1000;
  return Math.floor(Math.min(Math.max(0, since * HEURISTIC_SHARE), HEURISTIC_LIMIT));
}

/**
 * Seconds that an answer had been on its way when it came (RFC 9111 §4.2.3). An `Age` that is not one number makes it
 * infinitely old: nobody knows for how long it was kept elsewhere.
 */
export function initialAge({ headers, requestTime, responseTime }: ReceivedHead): number {
  const lines = headers.getAll('age');
  const [first = '0'] = lines;
  if (lines.length > 1 || !/^\d+$/.test(first)) return Infinity;
  const apparent = Math.max(0, responseTime - (dateOf(headers, responseTime) ?? responseTime));
  const corrected = Number(first) * 1000 + (responseTime - requestTime);
  return Math.floor(Math.max(apparent, corrected) / 1000);
}

function dateOf(headers: HeaderList, now: number): number | undefined {
  return parseHttpDate(headers.get('date') ?? '', now);
}
