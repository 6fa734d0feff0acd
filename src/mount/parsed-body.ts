import type { IncomingMessage } from 'node:http';
import { stringify } from 'node:querystring';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';

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
  if (!hasBeenRead(request)) {
    if (!request.readableDidRead || !announcesBody(request)) return undefined;
    throw new BodyGoneError(
      'somebody in front of the gateway has read a part of the body, and passed the request on: mount the gateway before it',
    );
  }
  const { headers } = request;
  const coding = headers['content-encoding'];
  const kept = rawBody instanceof Uint8Array ? rawBody : body instanceof Uint8Array ? body : undefined;
  // Parsers take the coding off; what is as long as the client said has it still.
  if (kept !== undefined)
    return headers['content-length'] === String(kept.length) ? kept : encodeAs(kept, coding);
  if (!announcesBody(request)) return Buffer.alloc(0);
  const type = headers['content-type'] ?? '';
  const octets = writeAnew(body, type);
  if (octets !== undefined) return encodeAs(octets, coding);
  throw new BodyGoneError(
    `a parser in front of the gateway has read a body of the type ${type === '' ? '(none)' : type}, which cannot be written anew: ` +
      'mount the gateway before it, or keep the octets as request.rawBody',
  );
}

/**
 * A body as it may have been before a parser made this of it.
 * @param contentType as the request has it.
 * @returns undefined when nothing of that type can be made of it.
 */
export function writeAnew(body: unknown, contentType: string): Uint8Array | undefined {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  if (typeof body === 'string') return Buffer.from(body);
  if (body instanceof Uint8Array) return body;
  if (body === undefined || body === null) return undefined;
  if (type === 'application/json' || type.endsWith('+json')) return Buffer.from(JSON.stringify(body));
  if (type === 'application/x-www-form-urlencoded' && isPlain(body)) return Buffer.from(stringify(body));
  const boundary = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))/i.exec(contentType);
  if (type === 'multipart/form-data' && boundary !== null && isPlain(body))
    return writeForm(body, boundary[1] ?? boundary[2] ?? '');
  return undefined;
}

/** The fields of a form (RFC 7578); undefined when one of them would say something else than it does. */
function writeForm(
  fields: Readonly<Record<string, string | string[]>>,
  boundary: string,
): Uint8Array | undefined {
  let text = '';
  for (const [name, values] of Object.entries(fields)) {
    for (const value of [values].flat()) {
      if (/[\r\n"]/.test(name) || value.includes(`--${boundary}`)) return undefined;
      text += `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    }
  }
  return Buffer.from(`${text}--${boundary}--\r\n`);
}

const encoders: Readonly<Record<string, (octets: Uint8Array) => Uint8Array>> = {
  identity: (octets) => octets,
  gzip: gzipSync,
  'x-gzip': gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
};

/**
 * Octets in the coding that the request's head announces, which parsers take off.
 * @throws BodyGoneError for a coding that we do not know.
 */
export function encodeAs(octets: Uint8Array, coding = 'identity'): Uint8Array {
  const encode = encoders[coding.trim().toLowerCase()];
  if (encode !== undefined) return encode(octets);
  throw new BodyGoneError(
    `a body with Content-Encoding: ${coding.slice(0, 40)} cannot be written anew: mount the gateway before its parser`,
  );
}

function hasBeenRead(request: IncomingMessage): boolean {
  // `complete` alone is true of a short body that waits to be read.
  return (
    request.readableEnded || (request.complete && request.readableLength === 0 && request.readableDidRead)
  );
}

/** Whether the head says that a body follows. */
export function announcesBody({ headers }: IncomingMessage): boolean {
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
