import type { AnswerPlace } from '../../core/answer-store.ts';
import type { ResponseHead } from '../../core/exchange.ts';
import { canonicalPath } from '../../http/path.ts';

/** Methods that change nothing (RFC 9110 §9.2.1). */
const safe: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PROPFIND',
  'REPORT',
  'SEARCH',
  'QUERY',
]);

/**
 * What an answer to a method that may change something makes invalid (RFC 9111 §4.4): its own URL, and those of `Location` and
 * `Content-Location`, as long as they are on the same host; nothing, where it failed.
 */
export function invalidatedPlaces(method: string, head: ResponseHead, place: AnswerPlace): AnswerPlace[] {
  if (safe.has(method) || head.status < 200 || head.status >= 400) return [];
  const named = ['location', 'content-location'].flatMap((name) => {
    const value = head.headers.get(name);
    const found = value === undefined ? undefined : placeNamed(value, place);
    return found === undefined ? [] : [found];
  });
  return [place, ...named];
}

/** Whether an answer says with `Content-Location` that it is the representation of the URL that was asked for. */
export function isOwnLocation({ headers }: ResponseHead, place: AnswerPlace): boolean {
  const value = headers.get('content-location');
  const named = value === undefined ? undefined : placeNamed(value, place);
  return named?.path === place.path && named.query === place.query;
}

function placeNamed(reference: string, { route, host, path }: AnswerPlace): AnswerPlace | undefined {
  const base = `http://${host === '' ? 'localhost' : host}`;
  // A URL that stands on its own can be read whatever the base is.
  if (!URL.canParse(base) || !URL.canParse(reference, `${base}${path}`)) return undefined;
  const url = new URL(reference, `${base}${path}`);
  if (url.host !== new URL(base).host) return undefined;
  const canonical = canonicalPath(url.pathname);
  return canonical === undefined ? undefined : { route, host, path: canonical, query: url.search };
}
