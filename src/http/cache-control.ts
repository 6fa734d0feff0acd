import { isToken, trimOws } from './field.ts';
import { parseDictionary } from './structured-dictionary.ts';

/** The most seconds that a cache reckons with (RFC 9111 §1.2.2). */
const MAX_SECONDS = 2 ** 31;

/**
 * The directives of a `Cache-Control` field (RFC 9111 §5.2) or of one of its targeted siblings (RFC 9213). Whatever is in it,
 * reading it never throws; what breaks the grammar is {@link malformed}, and its reader refuses when in doubt.
 */
export class CacheControl {
  /** By name in lower case; every value it was given, in order; undefined where there was none. */
  readonly #directives = new Map<string, (string | undefined)[]>();
  /** Something in it is no directive. */
  readonly malformed: boolean;

  /** @param lines the values of all lines of the field. */
  constructor(lines: readonly string[]) {
    let malformed = false;
    for (const line of lines) malformed = !this.#read(line) || malformed;
    this.malformed = malformed;
  }

  /**
   * The directives of a targeted field, which is a dictionary (RFC 9213 §2.1).
   * @returns undefined when it is none, or is empty: it is to be ignored.
   */
  static ofDictionary(lines: readonly string[]): CacheControl | undefined {
    const members = parseDictionary(lines);
    if (members === undefined || members.size === 0) return undefined;
    const control = new CacheControl([]);
    for (const [name, value] of members) {
      if (value === false) continue;
      // What is of another type than its directive wants forbids all the same. With a blank before it, a text in quotes is read as
      // the names of fields, but not as seconds.
      const text = typeof value === 'string' ? ` ${unquoted(value)}` : String(value);
      control.#directives.set(name, [value === true ? undefined : text]);
    }
    return control;
  }

  /** @param name in lower case. */
  has(name: string): boolean {
    return this.#directives.has(name);
  }

  /**
   * The seconds that a directive names: `undefined` without the directive; 0 where its value is none, or where it stands there
   * twice with values that differ (RFC 9111 §4.2.1: stale is the safe reading); at most 2³¹.
   * @param name in lower case.
   */
  seconds(name: string): number | undefined {
    const values = this.#directives.get(name);
    const [first] = values ?? [];
    if (values === undefined) return undefined;
    if (first === undefined || values.some((value) => value !== first) || !/^\d+$/.test(first)) return 0;
    return Math.min(Number(first), MAX_SECONDS);
  }

  /**
   * All field names that a directive names, in lower case, whatever else it says: to keep from others what it may have meant.
   * @param name in lower case.
   */
  mentioned(name: string): string[] {
    return (this.#directives.get(name) ?? [])
      .flatMap((value) => (value ?? '').split(','))
      .map((member) => trimOws(member).toLowerCase())
      .filter(isToken);
  }

  /** Whether a directive is there, once or several times the same, with seconds as its value. */
  isSeconds(name: string): boolean {
    const [first, ...others] = this.#directives.get(name) ?? [];
    return first !== undefined && /^\d+$/.test(first) && others.every((value) => value === first);
  }

  /**
   * The field names that a directive is limited to, in lower case (`no-cache="set-cookie"`): `undefined` when it is there
   * without any, and so means everything; also when what it names makes no sense.
   * @param name in lower case.
   */
  fields(name: string): string[] | undefined {
    const names: string[] = [];
    for (const value of this.#directives.get(name) ?? []) {
      const members = (value ?? '').split(',').map((member) => trimOws(member).toLowerCase());
      if (!members.every(isToken)) return undefined;
      names.push(...members);
    }
    return names;
  }

  /** @returns false when something in the line is no directive. */
  #read(line: string): boolean {
    let sound = true;
    for (let at = 0; at < line.length;) {
      while (line[at] === ' ' || line[at] === '\t') at++;
      directive.lastIndex = at;
      const found = directive.exec(line);
      if (found === null) {
        // Only that member is none; the others may forbid something.
        sound = false;
        const comma = line.indexOf(',', at);
        at = comma === -1 ? line.length : comma + 1;
        continue;
      }
      at = directive.lastIndex;
      const [, name, token, quoted] = found;
      if (name === undefined) continue;
      const value = quoted === undefined ? token : unescaped(quoted);
      const values = this.#directives.get(name.toLowerCase());
      if (values === undefined) this.#directives.set(name.toLowerCase(), [value]);
      else values.push(value);
    }
    return sound;
  }
}

function unquoted(text: string): string {
  return text.startsWith('"') ? unescaped(text.slice(1, -1)) : text;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gs, '$1');
}

const tchar = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]";
/** One member of the list up to its comma, which may be empty (RFC 9110 §5.6.1.2); no blanks before it. */
const directive = new RegExp(
  `(?:(${tchar}+)(?:=(?:(${tchar}+)|"((?:[^"\\\\]|\\\\.)*)"))?)?[ \\t]*(?:,|$)`,
  'y',
);
