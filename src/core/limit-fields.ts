import type { LimitDecision, LimitState } from './limits.ts';
import type { HeaderList } from '../http/header-list.ts';
import type { Setup } from './policy.ts';

/** Limits as clients are told of them, in the order of the states of a decision. The same object for as long as they are the same. */
export interface NamedLimits {
  readonly names: readonly string[];
  readonly rules: readonly { readonly limit: number; readonly window: number }[];
}

/** Tells a client how it stands with its limits. */
export type WriteFields = (headers: HeaderList, set: NamedLimits, decision: LimitDecision) => void;

/** Seconds, rounded up, so that nobody comes too early. */
export function seconds(milliseconds: number): number {
  return Math.ceil(milliseconds / 1000);
}

/**
 * The fields of draft-ietf-httpapi-ratelimit-headers-10: names are strings (RFC 9651 §3.3.3), `t` the seconds until more is left than `r`.
 * Several limits are a list, and so are several policies, as lines of one field.
 */
function draftFields(): WriteFields {
  const policies = new WeakMap<NamedLimits, string>();
  return (headers, set, { states }) => {
    let policy = policies.get(set);
    if (policy === undefined) policies.set(set, (policy = policyField(set)));
    let rate = '';
    for (let i = 0; i < states.length; i++) {
      const { remaining, more } = states[i] as LimitState;
      if (i > 0) rate += ', ';
      rate += `"${set.names[i]}";r=${remaining}`;
      if (more > 0) rate += `;t=${seconds(more)}`;
    }
    headers.append('RateLimit-Policy', policy);
    headers.append('RateLimit', rate);
  };
}

/** `w` is a whole number of seconds (§3.1.3), and left out for windows that are none. */
function policyField({ names, rules }: NamedLimits): string {
  const items = rules.map(({ limit, window }, i) => {
    const ofWindow = window % 1000 === 0 ? `;w=${window / 1000}` : '';
    return `"${names[i]}";q=${limit}${ofWindow}`;
  });
  return items.join(', ');
}

/**
 * The older fields, for the limit of which least is left; `X-RateLimit-Reset` is when all of it is there again, in seconds since
 * the epoch, as most who send it mean it.
 * @param now milliseconds since the epoch.
 */
function olderFields(now: () => number): WriteFields {
  return (headers, { rules }, { states }) => {
    let tightest = 0;
    for (let i = 1; i < states.length; i++) {
      if ((states[i] as LimitState).remaining < (states[tightest] as LimitState).remaining) tightest = i;
    }
    const { remaining, reset } = states[tightest] as LimitState;
    headers.set('X-RateLimit-Limit', String(rules[tightest]?.limit));
    headers.set('X-RateLimit-Remaining', String(remaining));
    headers.set('X-RateLimit-Reset', String(seconds(now() + reset)));
  };
}

/** The fields of this name in the configuration; undefined for none. */
export function limitFields(
  headers: 'draft' | 'x-ratelimit' | 'none',
  { clock }: Pick<Setup, 'clock'>,
): WriteFields | undefined {
  if (headers === 'none') return undefined;
  return headers === 'draft' ? draftFields() : olderFields(() => clock.now());
}
