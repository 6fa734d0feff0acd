/** A digest of a password, as one writes it, taken apart. */
export type PasswordDigest =
  | {
      readonly kind: 'scrypt';
      /** N, r and p of RFC 7914 §2. */
      readonly cost: ScryptCost;
      readonly salt: Uint8Array;
      readonly hash: Uint8Array;
    }
  | { readonly kind: 'bcrypt'; readonly text: string };

/** What scrypt is told to take in time and memory: some 128 · N · r octets. */
export interface ScryptCost {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/** What is wrong with a text that should be a digest, and what to write instead. Never has a part of the text in it. */
export interface DigestMistake {
  readonly found: string;
  readonly remedy: string;
}

/** The most that one verification may take: 128 MiB, and the time of twice the cost that OWASP advises. */
const MAX_MEMORY = 128 * 1024 * 1024;
const MAX_WORK = 2 ** 21;
/** The least: what Node.js has as its default. */
const MIN_WORK = 2 ** 14 * 8;

const scryptText =
  /^\$scrypt\$ln=([1-9]\d?),r=([1-9]\d?),p=([1-9]\d?)\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;
const bcryptText = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;

/** Bounds of bcrypt's cost: Apache's `htpasswd -B` writes 5; from 15 on one verification takes seconds. */
const MIN_BCRYPT = 5;
const MAX_BCRYPT = 14;

const howTo = 'let `waygate user create NAME` make a digest';

/** Takes a digest apart, or says what is wrong with it. */
export function readPasswordDigest(text: string): PasswordDigest | DigestMistake {
  const bcrypt = bcryptText.exec(text);
  if (bcrypt !== null) {
    const cost = Number(bcrypt[1]);
    if (cost < MIN_BCRYPT || cost > MAX_BCRYPT)
      return {
        found: `bcrypt with a cost of ${cost}`,
        remedy: `let it have a cost from ${MIN_BCRYPT} to ${MAX_BCRYPT}`,
      };
    return { kind: 'bcrypt', text };
  }
  const scrypt = scryptText.exec(text);
  return scrypt === null ? notADigest(text) : readScrypt(scrypt);
}

/** The digest as one writes it, in the PHC string format. */
export function writeScryptDigest({ N, r, p }: ScryptCost, salt: Uint8Array, hash: Uint8Array): string {
  return `$scrypt$ln=${Math.log2(N)},r=${r},p=${p}$${base64(salt)}$${base64(hash)}`;
}

function readScrypt([, ln, r, p, salt = '', hash = '']: RegExpExecArray): PasswordDigest | DigestMistake {
  const cost = { N: 2 ** Number(ln), r: Number(r), p: Number(p) };
  const work = cost.N * cost.r * cost.p;
  if (128 * cost.N * cost.r > MAX_MEMORY || work > MAX_WORK)
    return { found: 'scrypt that takes too much time or memory', remedy: 'write at most ln=17, r=8 and p=2' };
  if (work < MIN_WORK)
    return { found: 'scrypt that takes too little time to be safe', remedy: 'write at least ln=14 with r=8' };
  const octets = [salt, hash].map((part) => Buffer.from(part, 'base64'));
  const [saltOctets, hashOctets] = octets;
  if (
    saltOctets === undefined ||
    hashOctets === undefined ||
    base64(saltOctets) !== salt ||
    base64(hashOctets) !== hash
  )
    return { found: 'salt or hash of the digest is cut short', remedy: `copy the whole line, or ${howTo}` };
  return { kind: 'scrypt', cost, salt: saltOctets, hash: hashOctets };
}

function notADigest(text: string): DigestMistake {
  if (text === '') return { found: 'an empty digest', remedy: howTo };
  if (/^\$scrypt\$|^\$2[aby]\$/.test(text))
    return {
      found: 'a digest of scrypt or bcrypt that is not complete',
      remedy: `copy the whole line, or ${howTo}`,
    };
  if (/^\$[\w-]+\$|^\{\w+\}|^sha-?\d+:/i.test(text))
    return { found: 'a digest that is neither of scrypt nor of bcrypt', remedy: howTo };
  return { found: 'a password in clear text, or no digest', remedy: howTo };
}

/** Without padding, as the PHC string format has it. */
function base64(octets: Uint8Array): string {
  return Buffer.from(octets).toString('base64').replace(/=+$/, '');
}
