import { forbiddenKeys, maxItems } from './yaml-values.ts';

/** How deeply what is read here may be nested: more than any configuration needs. */
const maxDepth = 32;

/** White space other than spaces and line ends, and control characters: they have rules of their own. */
const special = /[^\S \r\n]|[\u007f-\u009f]/;

/** A key without quotes, with its colon. */
const plainKey = /([A-Za-z0-9_$/][A-Za-z0-9_$/.-]{0,200}):(?= |$)/y;
const dash = /- +(?=[^ #-])/y;
const spaces = / +/y;
const endOfLine = / *(?: #.*)?$/y;

/** A text without quotes on a line of its own, up to a comment. What begins in other ways may mean something else. */
const blockText = /[A-Za-z0-9_/.$(\\+=^~](?:[^:# ]|:(?! |$)|(?<! )#| +(?![ #]|$))*/y;
/** The same between braces or brackets. */
const flowText = /[A-Za-z0-9_/.$(\\+=^~](?:[^:#,[\]{} ]|:(?![ ,[\]{}]|$)| +(?![ #,:[\]{}]|$))*/y;
const quotedText = /"([^"\\]*)"|'((?:[^']|'')*)'/y;

/** The only numbers that are read here; and what is a number, or none, in YAML's other spellings (YAML 1.2.2 §10.3.2). */
const plainNumber = /^(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$/;
const otherNumber =
  /^(?:[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?|0o[0-7]+|0x[\da-fA-F]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const nothing = /^(?:~|null|Null|NULL)$/;
const yes = /^(?:true|True|TRUE)$/;
const no = /^(?:false|False|FALSE)$/;

/** Thrown within this file only: the text has more to it than is read here. */
const notPlain = new Error('not plain');

/**
 * The value of a YAML text in which there is nothing to find fault with and nothing but what most configurations are made
 * of: mappings and lists by indentation, texts on one line, lists and mappings in `[ ]` and `{ }` on one line, comments.
 * Undefined for every other text, which the library then reads; what is returned is exactly what the library would
 * return (`plain-yaml.test.ts`), some ten times sooner.
 */
export function readPlainYaml(text: string): object | undefined {
  if (special.test(text)) return undefined;
  try {
    return new PlainYaml(text).read();
  } catch (error) {
    if (error === notPlain) return undefined;
    throw error;
  }
}

class PlainYaml {
  readonly #lines: string[];
  /** The line that is being read: its number, its text, and how far it has been read. */
  #number = -1;
  #line = '';
  #at = 0;
  /** The column at which the line begins; for what follows a dash, where that begins. -1 behind the last line. */
  #indent = -1;

  constructor(text: string) {
    this.#lines = text.split(/\r?\n/);
  }

  read(): object {
    this.#nextLine();
    if (this.#line === '---') this.#nextLine();
    const value = this.#mapping(0, 0);
    // A mapping ends before what belongs to nothing, and an empty one may have come of a list.
    if (this.#number < this.#lines.length || Object.keys(value).length === 0) throw notPlain;
    return value;
  }

  /** Goes to the next line that is neither empty nor a comment. */
  #nextLine(): void {
    for (;;) {
      const line = this.#lines[++this.#number];
      if (line === undefined) {
        this.#indent = -1;
        this.#line = '';
        return;
      }
      let indent = 0;
      while (line.charCodeAt(indent) === 0x20) indent++;
      if (indent === line.length || line.charCodeAt(indent) === 0x23) continue;
      this.#line = line;
      this.#at = this.#indent = indent;
      return;
    }
  }

  /** The mapping whose keys stand at this column; the first of them is next. */
  #mapping(column: number, depth: number): object {
    if (depth > maxDepth) throw notPlain;
    const values: Record<string, unknown> = {};
    let count = 0;
    while (this.#indent === column && !this.#startsWithDash()) {
      const key = this.#key(values);
      if (++count > maxItems) throw notPlain;
      values[key] = this.#take(endOfLine) === undefined ? this.#value() : this.#below(column, depth + 1);
    }
    // Whatever is deeper now belongs to nothing.
    if (this.#indent > column) throw notPlain;
    return values;
  }

  /** What belongs to a key with nothing behind it, which stands at this column. */
  #below(column: number, depth: number): unknown {
    this.#nextLine();
    // A list may stand at the column of its key.
    if (this.#indent >= column && this.#startsWithDash()) return this.#list(this.#indent, depth);
    return this.#indent > column ? this.#mapping(this.#indent, depth) : null;
  }

  /** The list whose dashes stand at this column; the first of them is next. */
  #list(column: number, depth: number): unknown[] {
    if (depth > maxDepth) throw notPlain;
    const items: unknown[] = [];
    while (this.#indent === column && this.#startsWithDash()) {
      if (items.length >= maxItems) throw notPlain;
      // A dash with nothing behind it, or with another one, is left to the library.
      if (this.#take(dash) === undefined) throw notPlain;
      plainKey.lastIndex = this.#at;
      if (plainKey.test(this.#line)) {
        this.#indent = this.#at;
        items.push(this.#mapping(this.#at, depth + 1));
      } else {
        items.push(this.#value());
      }
    }
    if (this.#indent > column) throw notPlain;
    return items;
  }

  /** The value that stands in the rest of this line. */
  #value(): unknown {
    this.#take(spaces);
    const value = this.#flow(0) ?? scalarOf(this.#take(blockText)?.[0]);
    if (this.#take(endOfLine) === undefined) throw notPlain;
    this.#nextLine();
    return value;
  }

  /** A text in quotes, or what stands in `[ ]` or `{ }`; undefined when something else is next. */
  #flow(depth: number): unknown {
    if (depth > maxDepth) throw notPlain;
    const character = this.#line[this.#at];
    if (character === '[') return this.#flowList(depth);
    if (character === '{') return this.#flowMapping(depth);
    if (character !== '"' && character !== "'") return undefined;
    const [, double, single] = this.#take(quotedText) ?? [];
    const value = double ?? single?.replaceAll("''", "'");
    if (value === undefined) throw notPlain;
    return value;
  }

  #flowList(depth: number): unknown[] {
    const items: unknown[] = [];
    this.#skip('[');
    if (this.#skip(']')) return items;
    do items.push(this.#flowValue(depth + 1));
    while (this.#skip(','));
    if (!this.#skip(']') || items.length > maxItems) throw notPlain;
    return items;
  }

  #flowMapping(depth: number): object {
    const values: Record<string, unknown> = {};
    this.#skip('{');
    if (this.#skip('}')) return values;
    do {
      const key = this.#key(values);
      this.#take(spaces);
      values[key] = this.#flowValue(depth + 1);
    } while (this.#skip(','));
    if (!this.#skip('}') || Object.keys(values).length > maxItems) throw notPlain;
    return values;
  }

  #flowValue(depth: number): unknown {
    return this.#flow(depth) ?? scalarOf(this.#take(flowText)?.[0]);
  }

  /** Takes a character, and the spaces around it. */
  #skip(character: string): boolean {
    let at = this.#at;
    while (this.#line.charCodeAt(at) === 0x20) at++;
    if (this.#line[at] !== character) return false;
    at++;
    while (this.#line.charCodeAt(at) === 0x20) at++;
    // The spaces behind the last bracket may belong to a comment.
    this.#at = this.#line[at] === '#' ? at - 1 : at;
    return true;
  }

  /** Takes a key that the mapping does not have yet. */
  #key(values: object): string {
    const key = this.#take(plainKey)?.[1];
    if (key === undefined || nothing.test(key) || forbiddenKeys.has(key) || Object.hasOwn(values, key))
      throw notPlain;
    return key;
  }

  #startsWithDash(): boolean {
    return this.#line.charCodeAt(this.#at) === 0x2d && this.#at === this.#indent;
  }

  #take(token: RegExp): RegExpExecArray | undefined {
    const sticky = token;
    sticky.lastIndex = this.#at;
    const match = sticky.exec(this.#line);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match;
  }
}

/** What a text without quotes stands for. */
function scalarOf(text: string | undefined): unknown {
  if (text === undefined) throw notPlain;
  if (nothing.test(text)) return null;
  if (yes.test(text)) return true;
  if (no.test(text)) return false;
  if (plainNumber.test(text)) return Number(text);
  if (otherNumber.test(text)) throw notPlain;
  return text;
}
