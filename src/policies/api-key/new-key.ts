import { crc32 } from 'node:zlib';
import type { Random } from '../../core/random.ts';

/** What scanners of source code and logs look for: `wg_`, 43 characters of the key itself, 6 of its checksum. */
const keyPattern = /^wg_[A-Za-z0-9_-]{43}[0-9A-Za-z]{6}$/;

/** Octets of randomness; as many as the digest has, so that neither can be guessed sooner than the other. */
const SIZE = 32;

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/**
 * A new key, which fits {@link keyPattern}. By its checksum a scanner can tell a key that leaked from whatever else looks like
 * one, without asking anybody.
 */
export function newKey(random: Random): string {
  const body = `wg_${Buffer.from(random.bytes(SIZE)).toString('base64url')}`;
  return body + checksumOf(body);
}

/** Whether a text is a key as {@link newKey} makes them, as far as can be told without the list of keys. */
export function isKey(text: string): boolean {
  return keyPattern.test(text) && checksumOf(text.slice(0, -6)) === text.slice(-6);
}

/** CRC-32 in six digits of base 62. */
function checksumOf(body: string): string {
  let rest = crc32(body);
  let text = '';
  for (let i = 0; i < 6; i++) {
    text = (digits[rest % 62] ?? '') + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}
