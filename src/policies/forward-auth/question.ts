import type { Exchange } from '../../core/exchange.ts';

type Line = readonly [name: string, value: string];

/** What the service is told about a request. */
export interface Question {
  readonly lines: readonly Line[];
  /** Whether the request has any of the chosen headers, those aside that say nothing about who is asking. */
  readonly hasCredentials: boolean;
}

/** What the service is told beyond headers of the request. */
export const forwardedNames: readonly string[] = [
  'X-Forwarded-Method',
  'X-Forwarded-Proto',
  'X-Forwarded-Host',
  'X-Forwarded-Uri',
  'X-Forwarded-For',
];

/** The header that counts how often a question has led to another: services behind this gateway are asked through it. */
export const HOPS = 'Forward-Auth-Hops';

/** A question behind this many others has come round. */
const MAX_HOPS = 3;

/** What all kinds of clients send, whoever is asking. */
const sentByAll =
  /^(?:(?:accept|content|if|sec)-.*|accept|cache-control|date|dnt|origin|pragma|priority|range|referer|traceparent|tracestate|user-agent|x-correlation-id|x-request-id|x-requested-with)$/;

/**
 * Whether a header that the service is told may say who is asking.
 * @param lowerName in lower case.
 */
export function isCredential(lowerName: string): boolean {
  return !sentByAll.test(lowerName);
}

/**
 * What the service is told about a request: where it goes as the route was decided on, who sent it as far as the gateway
 * knows, and what it brought of the chosen headers. Nothing else that the client said.
 * @param requestHeaders names as they are to be written.
 * @returns undefined when the request is itself a question that came round.
 */
export function questionOf(exchange: Exchange, requestHeaders: readonly string[]): Question | undefined {
  const { request, client } = exchange;
  const { method, host, port, path, query, headers } = request;
  const hops = headers.get(HOPS.toLowerCase()) ?? '0';
  if (!/^[0-9]$/.test(hops) || Number(hops) >= MAX_HOPS) return undefined;
  const lines: Line[] = [];
  let hasCredentials = false;
  for (const name of requestHeaders) {
    const lower = name.toLowerCase();
    const values = headers.getAll(lower);
    // One line each: a service that reads the first and one that reads the last read the same (RFC 9110 §5.3, RFC 6265 §5.4).
    if (values.length === 0) continue;
    lines.push([name, values.join(lower === 'cookie' ? '; ' : ', ')]);
    hasCredentials ||= isCredential(lower);
  }
  lines.push(['X-Forwarded-Method', method], ['X-Forwarded-Proto', client.scheme]);
  if (host !== '') lines.push(['X-Forwarded-Host', port === undefined ? host : `${host}:${port}`]);
  lines.push(['X-Forwarded-Uri', query === undefined ? path : `${path}?${query}`]);
  lines.push(['X-Forwarded-For', client.ip], [HOPS, String(Number(hops) + 1)]);
  return { lines, hasCredentials };
}
