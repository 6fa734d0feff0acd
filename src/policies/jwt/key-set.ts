import type { Algorithm } from './algorithms.ts';
import { mayVerify } from './signature.ts';
import { readObject } from '../../core/strict-json.ts';
import { KeyError, keyFromJwk, type VerificationKey } from './verification-key.ts';

/** More keys than any issuer has at a time. */
const MAX_KEYS = 100;

/** As many signatures are checked at most for one token, when it does not say which key it means. */
const MAX_TRIED = 4;

/** A key set as it was read: the keys that are of use, and why the others are not. */
export interface ReadKeySet {
  readonly keys: readonly VerificationKey[];
  readonly refused: readonly string[];
}

/**
 * A JWKS (RFC 7517 §5). Keys that are of no use are left out, as the RFC asks.
 * @param previous the keys of the last time: one that is still there stays the same object.
 * @throws KeyError when it is no key set, has more than 100 keys, or none of use.
 */
export function readKeySet(octets: Uint8Array, previous: readonly VerificationKey[] = []): ReadKeySet {
  const members = readObject(octets)?.['keys'];
  if (!Array.isArray(members)) throw new KeyError('it is no JWKS');
  if (members.length > MAX_KEYS) throw new KeyError(`it has ${members.length} keys, more than ${MAX_KEYS}`);
  const keys: VerificationKey[] = [];
  const refused: string[] = [];
  for (const [index, member] of members.entries()) {
    try {
      const key = keyFromJwk(member);
      keys.push(previous.find((old) => isSame(old, key)) ?? key);
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
      refused.push(`key ${index}: ${error.message}`);
    }
  }
  if (keys.length === 0) throw new KeyError(['it has no key that verifies tokens', ...refused].join('; '));
  return { keys, refused };
}

/**
 * The keys that a token may be verified with: those that fit its algorithm and, when it names one, have its name. A key without
 * a name is meant by tokens without one, and by all when it is the only kind of key there is.
 */
export function candidates(
  keys: readonly VerificationKey[],
  alg: Algorithm,
  kid: string | undefined,
): VerificationKey[] {
  const nameless = keys.every((key) => key.kid === undefined);
  return keys
    .filter((key) => (kid === undefined || nameless || key.kid === kid) && mayVerify(key, alg))
    .slice(0, MAX_TRIED);
}

function isSame(old: VerificationKey, key: VerificationKey): boolean {
  return old.live && old.kid === key.kid && old.alg === key.alg && old.key.equals(key.key);
}
