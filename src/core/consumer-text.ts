import type { Consumer } from './exchange.ts';

/**
 * What would make two elements of one: the separator, the sign that encodes, a quote that some readers take off, controls,
 * and white space at the ends, which readers of lists trim away.
 */
const notInList = /[%,"\x00-\x1f\x7f-\x9f]|^\s+|\s+$/gu;
/** The same for lists whose separator is a space (RFC 6749 §3.3). */
const notInWords = /[%"\s\x00-\x1f\x7f-\x9f]/gu;

/** The groups of who is asking, joined by commas; see {@link joinedList}. */
export function groupsText(consumer: Consumer | undefined): string {
  return joinedList(consumer?.groups ?? []);
}

/** The scopes of who is asking, joined by spaces; what is no part of a scope is percent-encoded (RFC 6749 §3.3). */
export function scopesText(consumer: Consumer | undefined): string {
  const scopes = consumer?.scopes ?? [];
  return scopes
    .filter((scope) => scope !== '')
    .map((scope) => scope.replace(notInWords, percentEncoded))
    .join(' ');
}

/**
 * A claim as text: texts, numbers and truth values as they are, lists of these as {@link joinedList}, everything else
 * and what is not there ''.
 * @param path see {@link claimAt}.
 */
export function claimText(consumer: Consumer | undefined, path: string): string {
  const value = claimAt(consumer?.claims, path);
  return Array.isArray(value) ? joinedList(value.map(scalarText)) : scalarText(value);
}

/**
 * The claim of a name, or with dots one inside of another: `address.country`. A claim of exactly that name comes first,
 * for names may have dots themselves. Own members of objects only: nothing is inherited, and a list has no members.
 */
export function claimAt(claims: Consumer['claims'], path: string): unknown {
  if (claims === undefined) return undefined;
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, name))
      return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}

/**
 * Texts joined by commas. Commas, percent signs, quotes, controls and white space at the ends are percent-encoded in each, so
 * that no element reads as two, or as another one; empty elements are left out.
 */
function joinedList(elements: readonly string[]): string {
  return elements
    .filter((element) => element !== '')
    .map((element) => element.replace(notInList, percentEncoded))
    .join(',');
}

function scalarText(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** As UTF-8, each octet as `%XX`. */
function percentEncoded(text: string): string {
  return Buffer.from(text, 'utf8').toString('hex').toUpperCase().replace(/../g, '%$&');
}
