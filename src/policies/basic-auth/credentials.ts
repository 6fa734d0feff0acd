import type { HeaderList } from '../../http/header-list.ts';

/** The most octets of name, colon and password together. */
export const MAX_OCTETS = 1024;
/** Their characters in base64. */
const MAX_LENGTH = Math.ceil(MAX_OCTETS / 3) * 4;

/** What a request has of Basic credentials (RFC 7617); `malformed` when there is something, but not one name and password. */
export type FoundCredentials =
  | { readonly kind: 'credentials'; readonly encoded: string }
  | { readonly kind: 'none' }
  | { readonly kind: 'malformed' };

/** A name and a password in NFC. */
export interface Credentials {
  readonly name: string;
  readonly password: string;
}

const none: FoundCredentials = { kind: 'none' };
const malformed: FoundCredentials = { kind: 'malformed' };

/** The scheme in any case, and what may stand behind it. */
const basic = /^basic(?![\w!#$%&'*+.^`|~-])/i;
const complete = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The credentials of `Authorization: Basic …`, still encoded. Another scheme is none of our business: then there are none.
 * Base64 is taken strictly (RFC 4648 §4), so that each name and password has one spelling.
 */
export function findCredentials(headers: HeaderList): FoundCredentials {
  const value = headers.get('authorization');
  if (value === undefined) return none;
  // The engine refuses two lines; other ways in may not.
  if (headers.getAll('authorization').length > 1) return malformed;
  if (!basic.test(value)) return none;
  const encoded = value.length > MAX_LENGTH + 100 ? undefined : complete.exec(value)?.[1];
  if (encoded === undefined || encoded.length > MAX_LENGTH) return malformed;
  return { kind: 'credentials', encoded };
}

/**
 * Name and password: UTF-8, without control characters (RFC 7617 §2), in NFC, so that it does not matter how somebody's keyboard
 * writes an accent.
 * @returns undefined when they are not that.
 */
export function decodeCredentials(encoded: string): Credentials | undefined {
  const octets = Buffer.from(encoded, 'base64');
  if (octets.length > MAX_OCTETS || octets.toString('base64') !== encoded) return undefined;
  let text: string;
  try {
    text = utf8.decode(octets);
  } catch {
    return undefined;
  }
  const colon = text.indexOf(':');
  if (colon === -1 || hasControls(text)) return undefined;
  return { name: text.slice(0, colon).normalize('NFC'), password: text.slice(colon + 1).normalize('NFC') };
}

/** Whether a text has characters that neither a name nor a password may have. */
export function hasControls(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x20 || code === 0x7f) return true;
  }
  return false;
}
