import { GatewayError } from '../core/errors.ts';
import { isFieldName, isFieldValue } from '../http/field.ts';
import { HeaderList } from '../http/header-list.ts';

/**
 * Fields that frame, route, authenticate or describe a message: in a trailer they come too late to be anything but an
 * attack (RFC 9110 §6.5.1).
 */
const forbidden = new Set([
  'authorization',
  'cache-control',
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'max-forwards',
  'proxy-authorization',
  'proxy-connection',
  'range',
  'set-cookie',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'via',
  'x-forwarded-for',
]);

/** Whether a trailer of that name must be refused. */
export function isForbiddenTrailer(lowerName: string): boolean {
  return forbidden.has(lowerName);
}

/** Why trailers from a client are refused, or undefined. */
export function checkTrailers(trailers: HeaderList, maxCount: number): GatewayError | undefined {
  if (trailers.size > maxCount) return new GatewayError('bad_body', 'too many trailers');
  for (const [name, value] of trailers) {
    if (!isFieldName(name) || !isFieldValue(value))
      return new GatewayError('bad_body', 'a malformed trailer');
    if (forbidden.has(name.toLowerCase())) return new GatewayError('bad_body', `the trailer ${name}`);
  }
  return undefined;
}

/** Those of the allow-list; undefined when none is left. */
export function allowedTrailers(
  trailers: HeaderList | undefined,
  allowed: readonly string[],
): HeaderList | undefined {
  if (trailers === undefined || allowed.length === 0) return undefined;
  const list = new HeaderList();
  for (const [name, value] of trailers) {
    if (allowed.includes(name.toLowerCase()) && isFieldValue(value)) list.append(name, value);
  }
  return list.size === 0 ? undefined : list;
}
