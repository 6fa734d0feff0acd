import type { StoredHead } from '../../core/answer-store.ts';
import { CacheControl } from '../../http/cache-control.ts';
import type { HeaderList } from '../../http/header-list.ts';
import { ageOf, freshFor } from './answer.ts';

/** What a request says about answers from a cache (RFC 9111 §5.2.1). */
export interface RequestDirectives {
  /** Seconds; undefined where it does not say. */
  readonly maxAge: number | undefined;
  readonly minFresh: number;
  /** How stale an answer may be; 0 for not at all, Infinity for any. */
  readonly maxStale: number;
  readonly noCache: boolean;
  readonly onlyIfCached: boolean;
}

/** What a request says that says nothing. */
export const nothingSaid: RequestDirectives = {
  maxAge: undefined,
  minFresh: 0,
  maxStale: 0,
  noCache: false,
  onlyIfCached: false,
};

/** What a request says, `Pragma: no-cache` included where there is no `Cache-Control` (RFC 9111 §5.4). */
export function requestDirectives(headers: HeaderList): RequestDirectives {
  const lines = headers.getAll('cache-control');
  if (lines.length === 0) {
    const noCache = /(?:^|,)[ \t]*no-cache[ \t]*(?:,|$)/i.test(headers.getAll('pragma').join());
    return noCache ? { ...nothingSaid, noCache } : nothingSaid;
  }
  const control = new CacheControl(lines);
  const bareMaxStale = control.has('max-stale') && !/max-stale[ \t]*=/i.test(lines.join());
  return {
    maxAge: control.seconds('max-age'),
    minFresh: control.seconds('min-fresh') ?? 0,
    maxStale: bareMaxStale ? Infinity : (control.seconds('max-stale') ?? 0),
    noCache: control.has('no-cache'),
    onlyIfCached: control.has('only-if-cached'),
  };
}

/** Whether the answer to this request must not be kept (RFC 9111 §5.2.1.5). */
export function forbidsStoring(headers: HeaderList): boolean {
  const lines = headers.getAll('cache-control');
  return lines.length > 0 && new CacheControl(lines).has('no-store');
}

/**
 * What becomes of a stored answer that a request selects: it is the answer; it is the answer while it is fetched again in the background;
 * or its target is asked first, and it is the answer if that confirms it.
 */
export type Reuse = 'fresh' | 'stale' | 'stale-while-revalidate' | 'validate';

/** Decides that (RFC 9111 §4, RFC 5861 §3). */
export function reuseOf(head: StoredHead, directives: RequestDirectives, now: number): Reuse {
  if (head.alwaysValidate || directives.noCache) return 'validate';
  const left = freshFor(head, now);
  // Beside `max-stale` too, which is about freshness and not about age.
  if (directives.maxAge !== undefined && ageOf(head, now) > directives.maxAge) return 'validate';
  if (left > 0) return left >= directives.minFresh ? 'fresh' : 'validate';
  if (head.neverStale || directives.minFresh > 0 || !Number.isFinite(left)) return 'validate';
  if (-left < head.staleWhileRevalidate) return 'stale-while-revalidate';
  return -left <= directives.maxStale && directives.maxStale > 0 ? 'stale' : 'validate';
}

/** Whether it stands in for an error of its target (RFC 5861 §4). */
export function standsInForErrors(head: StoredHead, now: number): boolean {
  if (head.neverStale || head.alwaysValidate) return false;
  return -freshFor(head, now) < head.staleIfError;
}

/** Statuses that mean that nobody is there to answer (RFC 5861 §4). */
export const standInStatuses: ReadonlySet<number> = new Set([500, 502, 503, 504]);
