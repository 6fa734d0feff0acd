import { claimedConsumer, type ConsumerClaims } from '../../core/claimed-consumer.ts';
import type { Consumer } from '../../core/exchange.ts';
import type { JsonObject } from '../../core/strict-json.ts';
import { TokenError, type CompactToken } from './compact-token.ts';

/** What a route asks of every token, whoever issued it. */
export interface ClaimRules extends ConsumerClaims {
  /** The media types that `typ` may have, normal spelling; undefined for any and none. */
  readonly types: ReadonlySet<string> | undefined;
  /** How far the issuer's clock may be from ours, in milliseconds. */
  readonly clockSkew: number;
  /** Claims that must be there. */
  readonly requiredClaims: readonly string[];
}

/**
 * Checks all that is said in a token but the signature: for whom it is, when it holds, what must be in it (RFC 7519 §4.1).
 * @param now milliseconds since the epoch.
 * @returns when it ends, without any skew; milliseconds since the epoch.
 * @throws TokenError
 */
export function checkClaims(
  { claims, typ }: CompactToken,
  audiences: ReadonlySet<string>,
  rules: ClaimRules,
  now: number,
): number {
  if (rules.types !== undefined && (typ === undefined || !rules.types.has(normalType(typ))))
    throw new TokenError(`typ is ${typ === undefined ? 'missing' : 'another'}`);
  const { aud } = claims;
  const named = Array.isArray(aud) ? aud : [aud];
  if (!named.every((name) => typeof name === 'string')) throw new TokenError('aud is missing or no text');
  if (!named.some((name) => audiences.has(name))) throw new TokenError('aud names somebody else');
  const ends = checkTimes(claims, rules.clockSkew, now);
  for (const claim of rules.requiredClaims) {
    if (!Object.hasOwn(claims, claim) || claims[claim] === null)
      throw new TokenError(`the claim ${claim} is missing`);
  }
  return ends;
}

/**
 * Who is asking, by the claims of a token that was found good.
 * @throws TokenError when the claim that should say it does not.
 */
export function consumerOf(claims: JsonObject, rules: ClaimRules): Consumer {
  const consumer = claimedConsumer(claims, rules);
  if (consumer === undefined) throw new TokenError(`the claim ${rules.consumerClaim} names nobody`);
  return consumer;
}

/** A media type as it is compared: in lower case, and without `application/` (RFC 7515 §4.1.9). */
export function normalType(type: string): string {
  const lower = type.toLowerCase();
  const rest = lower.startsWith('application/') ? lower.slice('application/'.length) : lower;
  return rest.includes('/') ? lower : rest;
}

function checkTimes(claims: JsonObject, skew: number, now: number): number {
  const ends = instant(claims, 'exp');
  if (ends === undefined) throw new TokenError('exp is missing');
  // It must not be accepted at that very moment (RFC 7519 §4.1.4), but from the moment of nbf on (§4.1.5).
  if (now >= ends + skew) throw new TokenError('expired');
  if (now < (instant(claims, 'nbf') ?? -Infinity) - skew) throw new TokenError('not yet valid');
  if (now < (instant(claims, 'iat') ?? -Infinity) - skew) throw new TokenError('issued in the future');
  return ends;
}

/** A NumericDate in milliseconds (RFC 7519 §2); undefined when the claim is not there. */
function instant(claims: JsonObject, name: string): number | undefined {
  if (!Object.hasOwn(claims, name)) return undefined;
  const value = claims[name];
  // JSON.parse makes 1e400 Infinity.
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new TokenError(`${name} is no date`);
  return value * 1000;
}
