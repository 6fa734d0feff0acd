import type { Exchange, RequestHead } from '../../core/exchange.ts';
import type { ExplainedStep } from '../../core/policy.ts';
import type { CacheOptions } from './options.ts';
import { hasCredentials, type RouteCache } from './route-cache.ts';

/** What the cache would do with a request, for people. */
export function explainCache({ written, keyOf, bypassOf }: RouteCache, exchange: Exchange): ExplainedStep {
  const { request } = exchange;
  const { place, text } = keyOf(exchange);
  const bypass = bypassOf(request);
  if (bypass !== undefined) return { notes: [`goes past the cache: ${bypassWords[bypass]}`] };
  const notes = [`key: ${place.host}${place.path}${place.query}`];
  if (written.key.query !== 'all') notes.push(`of the query the key has: ${text.split('\n')[4] ?? ''}`);
  if (written.perConsumer) notes.push(`of the consumer ${exchange.consumer?.id ?? '(nobody)'} alone`);
  else if (hasCredentials(exchange))
    notes.push(
      'has credentials: kept or answered only if the service says public, s-maxage or must-revalidate',
    );
  notes.push(couldBeStored(request, written));
  return { notes };
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
