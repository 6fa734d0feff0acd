/** A value in a dictionary, without its parameters. What is neither a truth value nor a whole number stands as it was written. */
export type DictionaryValue = boolean | number | string;

const key = /[a-z*][a-z0-9_.*-]*/y;
/** A bare item (RFC 9651 §3.3): number, string, token, octets, truth value, date, text for people. */
const bareItem = new RegExp(
  [
    /-?(?:\d{1,12}\.\d{1,3}|\d{1,15})(?![\d.])/,
    /"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*"/,
    /[A-Za-z*][!#$%&'*+\-.^_`|~0-9A-Za-z:/]*/,
    /:[A-Za-z0-9+/=]*:/,
    /\?[01]/,
    /@-?\d{1,15}(?![\d.])/,
    /%"(?:[\x20\x21\x23\x24\x26-\x7e]|%[0-9a-f]{2})*"/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'y',
);
const spaces = / */y;
const blanks = /[ \t]*/y;
const equals = /=/y;
const semicolon = /;/y;
const comma = /,/y;
const opening = /\(/y;
const closing = /\)/y;

/**
 * Reads a dictionary (RFC 9651 §3.2); of a key that is there twice the last counts.
 * @param lines the values of all lines of the field.
 * @returns undefined when it is none, which fails as a whole (RFC 9651 §4.2).
 */
export function parseDictionary(lines: readonly string[]): Map<string, DictionaryValue> | undefined {
  const cursor = new Cursor(lines.join(','));
  cursor.take(spaces);
  const members = new Map<string, DictionaryValue>();
  while (!cursor.atEnd()) {
    const name = cursor.take(key);
    const value = name === undefined ? undefined : takeValue(cursor);
    if (name === undefined || value === undefined) return undefined;
    members.set(name, value);
    cursor.take(blanks);
    if (cursor.atEnd()) return members;
    if (cursor.take(comma) === undefined) return undefined;
    cursor.take(blanks);
    // Nothing may follow the last comma.
    if (cursor.atEnd()) return undefined;
  }
  return members;
}

/** What stands behind a key: an item or a list of them, with parameters; true for nothing. */
function takeValue(cursor: Cursor): DictionaryValue | undefined {
  if (cursor.take(equals) === undefined) return takeParameters(cursor) ? true : undefined;
  const text = cursor.take(opening) === undefined ? cursor.take(bareItem) : takeList(cursor);
  return text !== undefined && takeParameters(cursor) ? valueOf(text) : undefined;
}

/** A list of items (RFC 9651 §3.1.1), behind its parenthesis. */
function takeList(cursor: Cursor): string | undefined {
  let text = '(';
  for (;;) {
    const between = cursor.take(spaces);
    if (cursor.take(closing) !== undefined) return `${text})`;
    if (between === '' && text !== '(') return undefined;
    const item = cursor.take(bareItem);
    if (item === undefined || !takeParameters(cursor)) return undefined;
    text += ` ${item}`;
  }
}

/** Passes over parameters (RFC 9651 §3.1.2). @returns false when they are none. */
function takeParameters(cursor: Cursor): boolean {
  while (cursor.take(semicolon) !== undefined) {
    cursor.take(spaces);
    if (cursor.take(key) === undefined) return false;
    if (cursor.take(equals) !== undefined && cursor.take(bareItem) === undefined) return false;
  }
  return true;
}

function valueOf(text: string): DictionaryValue {
  if (text === '?1' || text === '?0') return text === '?1';
  return /^-?\d+$/.test(text) ? Number(text) : text;
}

/** A place in a text, which only ever goes on. */
class Cursor {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  atEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** What the pattern, a sticky one, matches here. */
  take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0];
    if (found !== undefined) this.#at += found.length;
    return found;
  }
}
