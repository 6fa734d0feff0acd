import type { IncomingMessage } from 'node:http';
import { stringify } from 'node:querystring';

/** A request whose body somebody has read already, and what they made of it. */
interface WithBody {
  readonly body?: unknown;
  readonly rawBody?: unknown;
}

/** A body that cannot be sent on, since what was made of it says too little of what it was. */
export class BodyGoneError extends Error {
  override readonly name = 'BodyGoneError';
}

/**
 * The octets of a body that a parser in front of us has read: as they came where it kept them (`rawBody`), or written anew from what it
 * made of them.
 * @returns undefined when nobody has read it: it flows by itself.
 * @throws BodyGoneError when it was read, and cannot be written anew.
 */
export function bodyReadBefore(
  request: IncomingMessage & WithBody,
  body: unknown = request.body,
): Uint8Array | undefined {
  const { rawBody } = request;
  if (!hasBeenRead(request)) return undefined;
  if (rawBody instanceof Uint8Array) return rawBody;
  if (body instanceof Uint8Array) return body;
  const type = (request.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (typeof body === 'string') return Buffer.from(body);
  if (body === undefined || body === null) {
    if (!announcesBody(request)) return Buffer.alloc(0);
  } else if (type === 'application/json' || type.endsWith('+json')) return Buffer.from(JSON.stringify(body));
  else if (type === 'application/x-www-form-urlencoded' && isPlain(body)) return Buffer.from(stringify(body));
  throw new BodyGoneError(
    `a parser in front of the gateway has read a body of the type ${type === '' ? '(none)' : type}, which cannot be written anew: ` +
      'mount the gateway before it, or keep the octets as request.rawBody',
  );
}

function hasBeenRead(request: IncomingMessage): boolean {
  // `complete` alone is true of a short body that waits to be read.
  return (
    request.readableEnded || (request.complete && request.readableLength === 0 && request.readableDidRead)
  );
}

function announcesBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** A form whose values are texts or lists of texts: what `querystring` writes back. */
function isPlain(body: unknown): body is Record<string, string | string[]> {
  return (
    typeof body === 'object' &&
    body !== null &&
    Object.values(body).every(
      (value) =>
        typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string')),
    )
  );
}
