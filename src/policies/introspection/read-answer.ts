import { claimedConsumer } from '../../core/claimed-consumer.ts';
import type { Consumer } from '../../core/exchange.ts';
import type { FetchedAnswer } from '../../core/fetch.ts';
import { readObject, type JsonObject } from '../../core/strict-json.ts';
import type { IntrospectionOptions } from './options.ts';

/** What the endpoint says of a token. Reasons are for the log only. */
export type Verdict =
  | {
      readonly kind: 'active';
      readonly consumer: Consumer;
      /** When the token ends, without any skew, in milliseconds since the epoch; Infinity when nobody says. */
      readonly ends: number;
      /** Octets of the answer. */
      readonly size: number;
    }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** What a route asks of a token that is active. */
export type TokenRules = Pick<
  IntrospectionOptions,
  'issuer' | 'audience' | 'type' | 'clockSkew' | 'consumerClaim' | 'groupsClaim'
>;

/**
 * Reads an answer (RFC 7662 §2.2). What is not clearly one is none: nobody is let in by it, and nobody told that a token is bad.
 * @param now milliseconds since the epoch.
 */
export function readAnswer({ status, body }: FetchedAnswer, rules: TokenRules, now: number): Verdict {
  if (status === 401 || status === 403)
    return unavailable(`it answered ${status}: it does not take the credentials of the gateway`);
  if (status !== 200) return unavailable(`it answered ${status}`);
  const claims = readObject(body);
  if (claims === undefined) return unavailable('its answer is no plain JSON object');
  const active = Object.hasOwn(claims, 'active') ? claims['active'] : undefined;
  if (active === false) return refused('it is not active');
  if (active !== true) return unavailable('its answer does not say whether the token is active');
  const [ends, begins] = [instant(claims, 'exp'), instant(claims, 'nbf')];
  if (ends === undefined || begins === undefined) return unavailable('exp or nbf of its answer is no date');
  const { clockSkew } = rules;
  if (now >= (ends ?? Infinity) + clockSkew) return refused('expired');
  if (now < (begins ?? -Infinity) - clockSkew) return refused('not yet valid');
  const reason = misfit(claims, rules);
  if (reason !== undefined) return refused(reason);
  const consumer = claimedConsumer(claims, rules);
  if (consumer === undefined) return refused(`${rules.consumerClaim} names nobody`);
  return { kind: 'active', consumer, ends: ends ?? Infinity, size: body.length };
}

/** There is no answer. */
export function unavailable(reason: string): Verdict & { readonly kind: 'unavailable' } {
  return { kind: 'unavailable', reason };
}

function refused(reason: string): Verdict {
  return { kind: 'refused', reason };
}

/** Whose token it is instead of ours. */
function misfit(claims: JsonObject, { issuer, audience, type }: TokenRules): string | undefined {
  if (issuer !== undefined && member(claims, 'iss') !== issuer) return 'iss is missing or another';
  const tokenType = member(claims, 'token_type');
  if (type !== undefined && String(tokenType).toLowerCase() !== type.toLowerCase())
    return 'token_type is missing or another';
  if (audience === undefined) return undefined;
  const named = new Set<unknown>([member(claims, 'aud')].flat());
  return [audience].flat().some((name) => named.has(name))
    ? undefined
    : 'aud is missing or names somebody else';
}

/** A date in milliseconds; null when there is none, undefined when it is no date. */
function instant(claims: JsonObject, name: string): number | null | undefined {
  const value = member(claims, name);
  if (value === undefined) return null;
  return typeof value === 'number' && Number.isFinite(value) ? value * 1000 : undefined;
}

function member(claims: JsonObject, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}
