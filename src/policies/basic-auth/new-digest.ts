import type { Random } from '../../core/random.ts';
import { writeScryptDigest } from './password-digest.ts';
import { scryptOf } from './scrypt.ts';

/** 32 MiB and some tenths of a second: one of the costs that the OWASP password storage cheat sheet advises. */
const cost = { N: 2 ** 15, r: 8, p: 3 } as const;

/** A digest for a password, with a salt of its own. @param password in NFC. */
export async function newDigest(password: string, random: Random): Promise<string> {
  const salt = random.bytes(16);
  return writeScryptDigest(cost, salt, await scryptOf(password, salt, cost, 32));
}
