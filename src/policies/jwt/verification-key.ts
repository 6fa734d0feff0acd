import { createPublicKey, createSecretKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { fitsAlgorithm, isAlgorithm, weaknessOf, type Algorithm } from './algorithms.ts';

/** A key that signatures are verified with. */
export interface VerificationKey {
  readonly key: KeyObject;
  /** The name that tokens call it by; undefined for one that has none. */
  readonly kid: string | undefined;
  /** The one algorithm that it is for, where its publisher says so (RFC 7517 §4.4). */
  readonly alg: Algorithm | undefined;
  /** Whether it is still among the issuer's keys: what was verified with one that is not, is forgotten. */
  live: boolean;
}

/** A key that cannot be used, with the reason. */
export class KeyError extends Error {
  override readonly name = 'KeyError';
}

/** The members that only a private or a secret key has (RFC 7518 §6). */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] as const;

/**
 * A member of a key set.
 * @throws KeyError when it is no public key that verifies signatures of tokens: a private or a secret one, one for
 *   encryption, a weak one, one of an unknown kind.
 */
export function keyFromJwk(jwk: unknown): VerificationKey {
  if (typeof jwk !== 'object' || jwk === null) throw new KeyError('it is no object');
  const { kid, use, alg, key_ops: operations, kty } = jwk as Partial<Record<string, unknown>>;
  if (privateMembers.some((member) => Object.hasOwn(jwk, member)) || kty === 'oct')
    throw new KeyError('it is a private or a secret key');
  if (use !== undefined && use !== 'sig') throw new KeyError('its use is not sig');
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    throw new KeyError('its key_ops have no verify');
  if (kid !== undefined && typeof kid !== 'string') throw new KeyError('its kid is no text');
  if (alg !== undefined && !isAlgorithm(alg)) throw new KeyError('its alg is none for signatures');
  const key = sound(() => createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }));
  if (alg !== undefined && !fitsAlgorithm(key, alg)) throw new KeyError('its alg does not fit its type');
  return { key, kid, alg, live: true };
}

/**
 * A public key or a certificate in PEM. It has no `kid`: tokens may call it what they like.
 * @throws KeyError when it is a private key, no key, or a weak one.
 */
export function keyFromPem(pem: string): VerificationKey {
  if (pem.includes('PRIVATE KEY')) throw new KeyError('it is a private key');
  return { key: sound(() => createPublicKey(pem)), kid: undefined, alg: undefined, live: true };
}

/** A secret that the issuer and we share. */
export function keyFromSecret(secret: Uint8Array): VerificationKey {
  return { key: createSecretKey(secret), kid: undefined, alg: undefined, live: true };
}

function sound(read: () => KeyObject): KeyObject {
  let key;
  try {
    key = read();
  } catch (error) {
    throw new KeyError('it cannot be read as a public key', { cause: error });
  }
  const weakness = weaknessOf(key);
  if (weakness !== undefined) throw new KeyError(weakness);
  return key;
}
