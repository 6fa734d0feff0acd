import type { AnswerPlace } from '../../core/answer-store.ts';
import type { Exchange } from '../../core/exchange.ts';
import type { CacheOptions } from './options.ts';

/** What a request is looked up by. */
export interface CacheKey {
  readonly text: string;
  readonly place: AnswerPlace;
}

/**
 * Makes the key of a request: whatever the answer may depend on that its `Vary` does not name. With another place, the one that the
 * same client would have for that, on a route that rewrites no paths.
 * @param routeId as the setup has it.
 */
export function keyMaker({ key, perConsumer }: Pick<CacheOptions, 'key' | 'perConsumer'>, routeId: string) {
  const query = queryReader(key.query);
  const headers = key.headers.map((name) => name.toLowerCase());
  // Answers outlive a change of the rules, which may make two keys of one.
  const isUsual = key.query === 'all' && headers.length === 0 && !perConsumer;
  const shape = isUsual ? '' : `\n${JSON.stringify({ query: key.query, headers, perConsumer })}`;
  return (exchange: Exchange, other?: AnswerPlace): CacheKey => {
    const { request, client, consumer } = exchange;
    const place = other ?? placeOf(exchange);
    const { host, path } = place;
    const asked = place.query === '' ? undefined : place.query.slice(1);
    // None of these can hold a line feed.
    let text = `${routeId}\n${client.scheme}\n${host}\n${path}\n${query(asked)}`;
    // A rewritten path may be made of what is not in the key.
    if (other === undefined && exchange.upstreamPath !== path) text += `\n>${exchange.upstreamPath}`;
    for (const name of headers) text += `\n${JSON.stringify(request.headers.getAll(name))}`;
    text += shape;
    if (perConsumer) text += `\n${consumer === undefined ? '' : JSON.stringify(consumer.id)}`;
    return { text, place };
  };
}

function placeOf({ request, routeName }: Exchange): AnswerPlace {
  return {
    route: routeName,
    host: request.port === undefined ? request.host : `${request.host}:${request.port}`,
    path: request.path,
    query: request.query === undefined ? '' : `?${request.query}`,
  };
}

/** As much of a query as the key takes, in its order: services may tell `a=1&b=2` from `b=2&a=1`. */
function queryReader(rule: CacheOptions['key']['query']): (query: string | undefined) => string {
  if (rule === 'all') return (query) => (query === undefined ? '' : `?${query}`);
  if (rule === 'none') return () => '';
  const named = new Set('only' in rule ? rule.only : rule.without);
  const keeps = 'only' in rule;
  return (query) =>
    (query ?? '')
      .split('&')
      // Some services take what is behind a semicolon for another parameter.
      .filter((pair) => pair !== '' && (pair.includes(';') || named.has(nameOf(pair)) === keeps))
      .join('&');
}

/** The name of a parameter as services read it; as it stands where it cannot be decoded. */
function nameOf(pair: string): string {
  const name = (pair.split('=', 1)[0] ?? '').replaceAll('+', ' ');
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
