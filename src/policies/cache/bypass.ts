import type { RequestHead } from '../../core/exchange.ts';
import { LookAlikes } from '../../http/look-alikes.ts';
import { queryValue } from '../../http/query.ts';
import type { CacheOptions } from './options.ts';

/** Why a request goes past the cache: a word for metrics and `Cache-Status`. */
export type Bypass = 'method' | 'body' | 'upgrade' | 'condition' | 'override' | 'rule';

/** Some services take another method, or another path, from these: the key has neither. */
const overrides = new LookAlikes([
  ...['x-http-method-override', 'x-http-method', 'x-method-override'],
  ...['x-original-url', 'x-rewrite-url'],
]);

/** Says whether a request goes past the cache, and why. */
export function bypassReader({
  bypass,
}: Pick<CacheOptions, 'bypass'>): (request: RequestHead) => Bypass | undefined {
  const headers = bypass.headers.map((name) => name.toLowerCase());
  const { cookies, query } = bypass;
  return (request) => {
    const { method } = request;
    if (method !== 'GET' && method !== 'HEAD') return 'method';
    // What is in it is not in the key.
    if (request.hasBody) return 'body';
    if (request.headers.has('sec-websocket-key')) return 'upgrade';
    // They are about what is changed, and only the service knows its state (RFC 9110 §13.1.1).
    if (request.headers.has('if-match') || request.headers.has('if-unmodified-since')) return 'condition';
    if (request.headers.hasLookAlike(overrides)) return 'override';
    const ruled =
      headers.some((name) => request.headers.has(name)) ||
      cookies.some((name) => hasCookie(request, name)) ||
      (request.query !== undefined &&
        query.some((name) => queryValue(request.query ?? '', name) !== undefined));
    return ruled ? 'rule' : undefined;
  };
}

function hasCookie({ headers }: RequestHead, name: string): boolean {
  return headers
    .getAll('cookie')
    .flatMap((line) => line.split(';'))
    .some((pair) => pair.split('=', 1)[0]?.trim() === name);
}
