import { hash } from 'node:crypto';

/** What a digest is written with in front, so that the algorithm can change one day. */
const PREFIX = 'sha256:';
const written = /^sha256:[0-9a-f]{64}$/i;

/**
 * The digest of a key that was presented: 32 characters, each of which is one octet, which is the form that costs the least.
 * @param key printable ASCII.
 */
export function digestOf(key: string): string {
  return hash('sha256', key, 'binary');
}

/** The digest of a key as one writes it into a configuration: `sha256:` and 64 hexadecimal digits. */
export function writtenDigest(key: string): string {
  return PREFIX + hash('sha256', key, 'hex');
}

/** A written digest in the form of {@link digestOf}; undefined when it is none. */
export function readDigest(text: string): string | undefined {
  return written.test(text) ? Buffer.from(text.slice(PREFIX.length), 'hex').toString('latin1') : undefined;
}

/** What is wrong with a text that should be a digest, and what to write instead; undefined when nothing is. */
export function digestMistake(text: string): { readonly found: string; readonly remedy: string } | undefined {
  if (text.toLowerCase() === emptyDigest)
    return { found: 'this is the digest of an empty text', remedy: 'write the digest of the key' };
  if (written.test(text)) return undefined;
  if (/^sha-?(?:256|384|512|1)\b|^md5\b/i.test(text))
    return {
      found: 'this is not a digest that can stand here',
      remedy: 'write sha256: and 64 hexadecimal digits',
    };
  if (text === '')
    return { found: 'an empty key', remedy: 'write the digest of a key, or leave the entry out' };
  if (/^[0-9a-f]{64}$/i.test(text))
    return {
      found: 'a digest without sha256: in front, or a key in clear text',
      remedy: `if it is a key, write ${writtenDigest(text)}; if it is a digest, write sha256: in front`,
    };
  return { found: 'a key in clear text', remedy: `write its digest: ${writtenDigest(text)}` };
}

const emptyDigest = writtenDigest('');
