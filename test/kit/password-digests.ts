import { scryptSync } from 'node:crypto';
import { hashSync } from 'bcryptjs';

const salt = Buffer.from('sixteen octets..');

/** A digest by scrypt in the PHC string format, made by Node's own means at the least cost that is allowed. */
export function scryptDigest(password: string, ln = 14, r = 8, p = 1): string {
  const options = { N: 2 ** ln, r, p, maxmem: 512 * 1024 * 1024 };
  const hash = scryptSync(password, salt, 32, options);
  return `$scrypt$ln=${ln},r=${r},p=${p}$${bare(salt)}$${bare(hash)}`;
}

/** A digest by bcrypt, as `htpasswd -B` makes it. */
export function bcryptDigest(password: string, cost = 5): string {
  return hashSync(password, cost);
}

/** The value of `Authorization` for a name and password. */
export function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

function bare(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64').replace(/=+$/, '');
}
