import type { Consumer } from './exchange.ts';
import type { JsonObject } from './strict-json.ts';

/** An id goes into headers and log lines, and nobody's is longer. */
const MAX_ID_LENGTH = 256;

/** The claims that say who is asking. */
export interface ConsumerClaims {
  /** The claim that says who is asking. */
  readonly consumerClaim: string;
  /** The claim with the groups of who is asking. */
  readonly groupsClaim: string;
}

/**
 * Who is asking, by the claims of a credential that was found good: id, groups, and the scopes of `scope` or `scp`. What
 * comes out is frozen, the claims too: many requests see the same object.
 * @returns undefined when the claim that should say it does not.
 */
export function claimedConsumer(
  claims: JsonObject,
  { consumerClaim, groupsClaim }: ConsumerClaims,
): Consumer | undefined {
  const id = Object.hasOwn(claims, consumerClaim) ? claims[consumerClaim] : undefined;
  if (typeof id !== 'string' || !isConsumerId(id)) return undefined;
  const groups = Object.hasOwn(claims, groupsClaim) ? texts(claims[groupsClaim]) : [];
  return Object.freeze({ id, groups, scopes: scopesOf(claims), claims: deepFreeze(claims) });
}

/**
 * Whether a text can stand for a consumer: 1 to 256 characters, none of them a control, no white space at either end, which
 * whoever reads it in a header would take off (RFC 9110 §5.5): ` root` is not to be taken for `root`.
 */
export function isConsumerId(text: string): boolean {
  return text !== '' && text.length <= MAX_ID_LENGTH && text.trim() === text && !hasControls(text);
}

/** The words of `scope` (RFC 8693 §4.2), or the list or words of `scp`, as some issuers have it. */
function scopesOf({ scope, scp }: JsonObject): readonly string[] {
  const said = scope ?? scp;
  return typeof said === 'string'
    ? Object.freeze(said.split(' ').filter((word) => word !== ''))
    : texts(said);
}

function texts(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return Object.freeze(list.filter((item) => typeof item === 'string'));
}

function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

/** Many requests see the same object: none may change it. Its depth is bounded since it was read. */
function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deepFreeze(member);
  return Object.freeze(value);
}
