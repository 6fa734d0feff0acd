import { hash } from 'node:crypto';
import type { LimitRule } from '../../core/limits.ts';

/** Characters of a digest in base64url that stand for who asks: 126 bits. */
const KEY_DIGEST = 21;
/** Those that stand for a rule: 72 bits. */
const RULE_DIGEST = 12;

/**
 * The names of keys: `limit:{<who>}:<rule>`. Nothing that a client sent stands in them but its digest. What is in braces alone says
 * where a key lies in a cluster, so that one script reaches all rules of a request, and clients are spread over all nodes.
 */
export class LimitKeys {
  readonly #rules: readonly [string, ...string[]];

  constructor(rules: readonly LimitRule[]) {
    const [first, ...others] = rules.map(({ id }) => hash('sha256', id, 'base64url').slice(0, RULE_DIGEST));
    if (first === undefined) throw new RangeError('there is no limit');
    this.#rules = [first, ...others];
  }

  /** In the order of the rules. */
  of(key: string): [string, ...string[]] {
    // Half a surrogate pair would be the same as any other in UTF-8.
    const who = hash('sha256', Buffer.from(key, 'utf16le'), 'base64url').slice(0, KEY_DIGEST);
    const [first, ...others] = this.#rules;
    const name = (rule: string): string => `limit:{${who}}:${rule}`;
    return [name(first), ...others.map(name)];
  }
}
