import { fitsAlgorithm, type Algorithm } from './algorithms.ts';
import type { VerificationKey } from './verification-key.ts';

/** Whether a key may verify tokens of an algorithm: it fits, and its publisher says nothing else. */
export function mayVerify(key: VerificationKey, alg: Algorithm): boolean {
  return (key.alg === undefined || key.alg === alg) && fitsAlgorithm(key.key, alg);
}

/**
 * The first of the keys that the signature verifies with, or undefined. The work is done outside of the event loop.
 * @param token in compact serialization, taken apart already.
 * @param keys at least one; each must be one that {@link mayVerify} accepts.
 */
export async function verifySignature(
  token: string,
  alg: Algorithm,
  keys: readonly VerificationKey[],
): Promise<VerificationKey | undefined> {
  // Loaded by the first token: a gateway without any does not wait for its forty modules when it starts.
  const { compactVerify, errors } = await import('jose');
  for (const key of keys) {
    try {
      await compactVerify(token, key.key, { algorithms: [alg] });
      return key;
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
    }
  }
  return undefined;
}
