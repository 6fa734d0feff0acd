import { scrypt, timingSafeEqual } from 'node:crypto';
import type { PasswordDigest, ScryptCost } from './password-digest.ts';

/** The scrypt of a password, on the thread pool. @param size octets of the result. */
export function scryptOf(
  password: string,
  salt: Uint8Array,
  { N, r, p }: ScryptCost,
  size: number,
): Promise<Uint8Array> {
  // What OpenSSL takes (RFC 7914 §2: B, V and a block besides), and not an octet more.
  const maxmem = 128 * r * (N + p + 2);
  return new Promise((resolve, reject) => {
    scrypt(password, salt, size, { N, r, p, maxmem }, (error, hash) => {
      if (error === null) resolve(hash);
      else reject(error);
    });
  });
}

/** Whether the digest is that of the password. */
export async function matchesScrypt(
  password: string,
  { cost, salt, hash }: PasswordDigest & { readonly kind: 'scrypt' },
): Promise<boolean> {
  return timingSafeEqual(await scryptOf(password, salt, cost, hash.length), hash);
}
