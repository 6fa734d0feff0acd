import type { Consumer } from './exchange.ts';

/** What would make two elements of one: the separator, the sign that encodes, a quote that some readers take off, controls. */
const notInList = /[%,"\x00-\x1f\x7f-\x9f]/gu;
/** The same for lists whose separator is a space (RFC 6749 §3.3). */
const notInWords = /[%"\s\x00-\x1f\x7f-\x9f]/gu;

/** White space that a header may hold; what else is white space is refused there. */
const plainSpace = /(?![\x00-\x1f\x7f-\x9f])\s/gu;

/** The id of who is asking; '' when nobody is known to. White space at its ends is percent-encoded, as in {@link claimText}. */
export function idText(consumer: Consumer | undefined): string {
  return scalarText(consumer?.id);
}

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
 * and what is not there ''. Of a text, white space at the ends is percent-encoded: whoever reads a header takes it off
 * (RFC 9110 §5.5), and ` root` would be somebody else.
 * @param path see {@link claimAt}.
 */
export function claimText(consumer: Consumer | undefined, path: string): string {
  const value = claimAt(consumer?.claims, path);
  return Array.isArray(value) ? joinedList(value.map(plainText)) : scalarText(value);
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
    .map((element) =>
      withEnds(
        element,
        (inner) => inner.replace(notInList, percentEncoded),
        (end) => percentEncoded(end),
      ),
    )
    .join(',');
}

function scalarText(value: unknown): string {
  return withEnds(
    plainText(value),
    (inner) => inner,
    (end) => end.replace(plainSpace, percentEncoded),
  );
}

/** A text whose white space at the ends is written in another way than the rest. One pass: a text may be all spaces inside. */
function withEnds(text: string, write: (inner: string) => string, writeEnd: (end: string) => string): string {
  const inner = text.trim();
  if (inner.length === text.length) return write(text);
  const start = text.length - text.trimStart().length;
  return writeEnd(text.slice(0, start)) + write(inner) + writeEnd(text.slice(start + inner.length));
}

function plainText(value: unknown): string {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** As UTF-8, each octet as `%XX`. */
function percentEncoded(text: string): string {
  return Buffer.from(text, 'utf8').toString('hex').toUpperCase().replace(/../g, '%$&');
}
