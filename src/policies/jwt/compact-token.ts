import { isAlgorithm, type Algorithm } from './algorithms.ts';
import { readObject, type JsonObject } from '../../core/strict-json.ts';

/** The longest token that is looked at, in characters: no head with a longer one would reach most services. */
export const MAX_TOKEN_LENGTH = 8192;

/** A signed message taken apart; nothing of it is verified yet. */
export interface CompactMessage {
  readonly text: string;
  readonly alg: Algorithm;
  readonly kid: string | undefined;
  readonly typ: string | undefined;
  readonly payload: Uint8Array;
}

/** A message whose payload are the claims of a token. */
export interface CompactToken extends CompactMessage {
  readonly claims: JsonObject;
}

/** Why a token is refused. For the log: clients are told nothing. */
export class TokenError extends Error {
  override readonly name = 'TokenError';
}

/**
 * Takes a token apart (RFC 7519 §7.2). Strict, so that there is only one spelling of it: base64url without padding, line ends
 * or stray bits, UTF-8, JSON without repeated names.
 * @throws TokenError
 */
export function readToken(text: string): CompactToken {
  const message = readMessage(text);
  const claims = readObject(message.payload);
  if (claims === undefined) throw new TokenError('the payload is no plain JSON object');
  return { ...message, claims };
}

/**
 * Takes a JWS in compact serialization apart, whatever its payload (RFC 7515 §7.1).
 * @throws TokenError
 */
export function readMessage(text: string): CompactMessage {
  if (text.length > MAX_TOKEN_LENGTH) throw new TokenError(`longer than ${MAX_TOKEN_LENGTH} characters`);
  const [head = '', body = '', signature = '', ...more] = text.split('.', 4);
  if (more.length > 0 || !text.includes('.')) throw new TokenError('not three parts');
  const { alg, kid, typ, ...header } = readHeader(head);
  if (!isAlgorithm(alg)) throw new TokenError('no known alg');
  // No extension is understood, and `b64` is not for JWTs (RFC 7515 §4.1.11, RFC 7797 §7).
  if (Object.hasOwn(header, 'crit') || Object.hasOwn(header, 'b64'))
    throw new TokenError('crit in the header');
  if (kid !== undefined && typeof kid !== 'string') throw new TokenError('kid is no text');
  if (typ !== undefined && typeof typ !== 'string') throw new TokenError('typ is no text');
  if (signature === '' || !isBase64url(signature)) throw new TokenError('the signature is not base64url');
  if (!isBase64url(body)) throw new TokenError('the payload is not base64url');
  return { text, alg, kid, typ, payload: Buffer.from(body, 'base64url') };
}

function readHeader(part: string): JsonObject {
  if (!isBase64url(part)) throw new TokenError('the header is not base64url');
  const header = readObject(Buffer.from(part, 'base64url'));
  if (header === undefined) throw new TokenError('the header is no plain JSON object');
  return header;
}

/**
 * Whether a text is base64url in its one spelling: no padding, and no bit set that no octet has a place for (RFC 4648 §3.5, §5).
 */
function isBase64url(text: string): boolean {
  return Buffer.from(text, 'base64url').toString('base64url') === text;
}
