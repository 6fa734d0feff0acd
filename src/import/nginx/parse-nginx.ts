import { ImportFailure } from '../import-failure.ts';
import type { Place } from '../report.ts';

/** One directive of nginx, with what is in its block. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  readonly place: Place;
  /** Undefined for one that ends in a semicolon. */
  readonly block: readonly Directive[] | undefined;
}

interface Token {
  /** `word` may be in quotes, and then is never a delimiter. */
  readonly type: 'word' | '{' | '}' | ';';
  readonly text: string;
  readonly line: number;
}

/** No configuration of anybody's is nested deeper. */
const maxDepth = 64;

/**
 * Reads a file of nginx: words, quotes, comments and blocks. What the directives mean is judged elsewhere.
 * @throws ImportFailure where braces and semicolons do not fit together.
 */
export function parseNginx(text: string, file: string): Directive[] {
  const top: Directive[] = [];
  const open: { readonly list: Directive[]; readonly line: number }[] = [{ list: top, line: 1 }];
  let words: Token[] = [];
  for (const token of tokenize(text, file)) {
    if (token.type === 'word') {
      words.push(token);
      continue;
    }
    const [first, ...rest] = words;
    if (token.type === '}') {
      if (first !== undefined) throw broken(file, first.line, `"${first.text}" has no semicolon behind it`);
      if (open.length === 1) throw broken(file, token.line, 'a } closes nothing');
      open.pop();
      continue;
    }
    if (first === undefined) {
      if (token.type === ';') continue;
      throw broken(file, token.line, 'a { has no name in front of it');
    }
    const block: Directive[] | undefined = token.type === '{' ? [] : undefined;
    const place = { file, line: first.line };
    open.at(-1)?.list.push({ name: first.text, args: rest.map((word) => word.text), place, block });
    words = [];
    if (block !== undefined) {
      if (open.length > maxDepth)
        throw broken(file, token.line, `this is nested deeper than ${maxDepth} levels`);
      open.push({ list: block, line: token.line });
    }
  }
  const [unfinished] = words;
  if (unfinished !== undefined)
    throw broken(file, unfinished.line, `"${unfinished.text}" has no semicolon behind it`);
  const inner = open.at(-1);
  if (open.length > 1 && inner !== undefined)
    throw broken(file, inner.line, 'the { of this line is never closed');
  return top;
}

function* tokenize(text: string, file: string): Generator<Token> {
  let line = 1;
  let at = 0;
  let words: string[] = [];
  while (at < text.length) {
    const character = text.charAt(at);
    if (character === '\n') line++;
    if (/\s/.test(character)) {
      at++;
    } else if (character === '#') {
      const end = text.indexOf('\n', at);
      at = end === -1 ? text.length : end;
    } else if (character === ';' || character === '{' || character === '}') {
      yield { type: character, text: character, line };
      at++;
      // Programs in Lua have braces and quotes of their own.
      if (character === '{' && words[0]?.endsWith('_by_lua_block') === true) {
        const end = endOfLua(text, at);
        line += countLines(text, at, end);
        at = end;
      }
      words = [];
    } else {
      const word = character === '"' || character === "'" ? quoted(text, at, line, file) : bare(text, at);
      yield { type: 'word', text: word.text, line };
      words.push(word.text);
      line += countLines(text, at, word.end);
      at = word.end;
    }
  }
}

function quoted(text: string, start: number, line: number, file: string): { text: string; end: number } {
  const quote = text.charAt(start);
  let value = '';
  for (let at = start + 1; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === quote) return { text: value, end: at + 1 };
    if (character !== '\\') {
      value += character;
      continue;
    }
    at++;
    value += unescaped(text.charAt(at));
  }
  throw broken(file, line, `the ${quote} of this line is never closed`);
}

/** A word without quotes ends at white space, a semicolon or a brace; `${name}` is a variable. */
function bare(text: string, start: number): { text: string; end: number } {
  let value = '';
  let at = start;
  for (; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '$' && text.charAt(at + 1) === '{') {
      value += '${';
      at++;
    } else if (character === '}' && /\$\{\w*$/.test(value.slice(-64))) {
      value += character;
    } else if (/[\s;{}]/.test(character)) {
      // In an expression, { } may count: nginx asks for quotes then.
      break;
    } else if (character === '\\' && at + 1 < text.length) {
      at++;
      value += unescaped(text.charAt(at));
    } else value += character;
  }
  return { text: value, end: at };
}

/** nginx keeps the backslash in front of what it has no meaning for: expressions need it. */
function unescaped(character: string): string {
  if (/["'\\\s;{}]/.test(character)) return character === '\\' ? '\\\\' : character;
  switch (character) {
    case 't':
      return '\t';
    case 'r':
      return '\r';
    case 'n':
      return '\n';
    default:
      return `\\${character}`;
  }
}

function endOfLua(text: string, start: number): number {
  let depth = 1;
  for (let at = start; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '{') depth++;
    else if (character === '}' && --depth === 0) return at;
  }
  return text.length;
}

function countLines(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

function broken(file: string, line: number, what: string): ImportFailure {
  return new ImportFailure(
    `${file}:${line}: ${what.length > 200 ? `${what.slice(0, 200)}…` : what}.`,
    'Mend it first: "nginx -t" says whether nginx can read it.',
  );
}
