import type { KeyObject } from 'node:crypto';

/** The signature algorithms that tokens may have (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). `none` is no algorithm. */
export const algorithms = [
  ...(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const),
  ...(['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519', 'HS256', 'HS384', 'HS512'] as const),
] as const;

/** The name of a signature algorithm, as `alg` has it. */
export type Algorithm = (typeof algorithms)[number];

/** RFC 7518 §3.3 and §3.5. */
const MIN_RSA_BITS = 2048;

/** A longer modulus only costs time: at this size one verification takes a millisecond. */
const MAX_RSA_BITS = 8192;

const curves: ReadonlyMap<Algorithm, string> = new Map([
  ['ES256', 'prime256v1'],
  ['ES384', 'secp384r1'],
  ['ES512', 'secp521r1'],
]);

/** The octets that a secret needs for an algorithm: as many as the digest has (RFC 7518 §3.2). */
const secretOctets: ReadonlyMap<Algorithm, number> = new Map([
  ['HS256', 32],
  ['HS384', 48],
  ['HS512', 64],
]);

/** Whether a text, as it stands in a header, names an algorithm that is known at all. */
export function isAlgorithm(text: unknown): text is Algorithm {
  return algorithms.some((algorithm) => algorithm === text);
}

/** Whether tokens of this algorithm are verified with the very secret they are made with. */
export function isSymmetric(algorithm: Algorithm): boolean {
  return secretOctets.has(algorithm);
}

/** The octets that a secret must have at least for this algorithm; 0 for one that takes no secret. */
export function secretSize(algorithm: Algorithm): number {
  return secretOctets.get(algorithm) ?? 0;
}

/** Whether a key is of the type, the curve and the size that the algorithm asks for. */
export function fitsAlgorithm(key: KeyObject, algorithm: Algorithm): boolean {
  if (key.type === 'secret')
    return isSymmetric(algorithm) && (key.symmetricKeySize ?? 0) >= secretSize(algorithm);
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (algorithm === 'EdDSA' || algorithm === 'Ed25519') return type === 'ed25519';
  if (algorithm.startsWith('ES')) return type === 'ec' && details?.namedCurve === curves.get(algorithm);
  return type === 'rsa' && !isSymmetric(algorithm);
}

/** Why a public key is of no use whatever the algorithm, or undefined. */
export function weaknessOf(key: KeyObject): string | undefined {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'rsa') return rsaWeakness(details?.modulusLength ?? 0, details?.publicExponent ?? 0n);
  if (type === 'ed25519') return undefined;
  if (type === 'ec') {
    return [...curves.values()].includes(details?.namedCurve ?? '')
      ? undefined
      : `its curve is ${details?.namedCurve}, not P-256, P-384 or P-521`;
  }
  return `keys of the type ${type} sign no tokens`;
}

function rsaWeakness(bits: number, exponent: bigint): string | undefined {
  if (bits < MIN_RSA_BITS) return `it has ${bits} bits, fewer than ${MIN_RSA_BITS}`;
  if (bits > MAX_RSA_BITS) return `it has ${bits} bits, more than ${MAX_RSA_BITS}`;
  if (exponent < 3n || exponent % 2n === 0n) return `its exponent is ${exponent}`;
  return undefined;
}
