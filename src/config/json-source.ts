import type { TextFinding } from './yaml-values.ts';

/** What may come next in JSON. */
type Expected = 'value' | 'firstKey' | 'key' | 'colon' | 'firstItem' | 'commaOrEnd' | 'end';

const space = /[ \t\r\n]*/y;
const plainCharacters = /[^"\\\u0000-\u001f]*/y;
const escape = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
const scalarToken = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.])/y;

/**
 * What keeps a text from being JSON (RFC 8259), or undefined. YAML contains JSON and is what reads it afterwards; this
 * is only for the strictness, with the place that `JSON.parse` does not always tell, and without recursion.
 */
export function jsonMistake(text: string): TextFinding | undefined {
  const open: ('{' | '[')[] = [];
  let expected: Expected = 'value';
  let at = skip(space, text, 0);
  while (at < text.length) {
    const next = step(text, at, expected, open);
    if (typeof next === 'string') return mistake(at, next);
    expected = next.expected;
    at = skip(space, text, next.end);
  }
  if (expected === 'end') return undefined;
  const missing =
    open.at(-1) === '{' ? 'a } is missing' : open.at(-1) === '[' ? 'a ] is missing' : 'nothing is there';
  return mistake(text.length, `the text ends too early: ${missing}`);
}

/** Takes one token; or says what is wrong with it. */
function step(
  text: string,
  at: number,
  expected: Expected,
  open: ('{' | '[')[],
): { end: number; expected: Expected } | string {
  const character = text[at] ?? '';
  switch (expected) {
    case 'end':
      return 'there is more behind the end';
    case 'colon':
      return character === ':' ? { end: at + 1, expected: 'value' } : 'a colon is missing behind the key';
    case 'commaOrEnd':
      if (character === ',') return { end: at + 1, expected: open.at(-1) === '{' ? 'key' : 'value' };
      if (isClosing(character, open)) return close(at, open);
      return `a comma or ${open.at(-1) === '{' ? '}' : ']'} is missing here`;
    case 'firstKey':
    case 'key': {
      if (expected === 'firstKey' && character === '}') return close(at, open);
      const end = endOfText(text, at);
      if (end > at) return { end, expected: 'colon' };
      return character === '}' ? 'a comma stands before the closing }' : keyWords(character);
    }
    case 'firstItem':
      if (character === ']') return close(at, open);
      return value(text, at, open);
    case 'value':
    default:
      return value(text, at, open);
  }
}

function value(text: string, at: number, open: ('{' | '[')[]): { end: number; expected: Expected } | string {
  const character = text[at] ?? '';
  if (character === '{' || character === '[') {
    open.push(character);
    return { end: at + 1, expected: character === '{' ? 'firstKey' : 'firstItem' };
  }
  const end = Math.max(endOfText(text, at), skip(scalarToken, text, at));
  if (end > at) return { end, expected: open.length === 0 ? 'end' : 'commaOrEnd' };
  if (character === '"') return 'this text is not closed, or has a bad escape or a line break in it';
  if (character === ']' || character === '}')
    return `a comma stands before the closing ${character}, or a value is missing`;
  if (character === '/' || character === '#') return 'JSON has no comments';
  return character === "'"
    ? 'texts stand in double quotes'
    : 'this is no value: texts stand in double quotes';
}

function keyWords(character: string): string {
  if (character === '"') return 'this key is not closed, or has a bad escape or a line break in it';
  if (character === '/' || character === '#') return 'JSON has no comments';
  return 'keys stand in double quotes';
}

function isClosing(character: string, open: readonly ('{' | '[')[]): boolean {
  return (character === '}' && open.at(-1) === '{') || (character === ']' && open.at(-1) === '[');
}

function close(at: number, open: ('{' | '[')[]): { end: number; expected: Expected } {
  open.pop();
  return { end: at + 1, expected: open.length === 0 ? 'end' : 'commaOrEnd' };
}

/** The end of the text in quotes that begins here; the beginning when there is none that is right. */
function endOfText(text: string, start: number): number {
  if (text[start] !== '"') return start;
  let at = skip(plainCharacters, text, start + 1);
  while (text[at] === '\\') {
    const end = skip(escape, text, at);
    if (end === at) return start;
    at = skip(plainCharacters, text, end);
  }
  return text[at] === '"' ? at + 1 : start;
}

function skip(token: RegExp, text: string, at: number): number {
  const sticky = token;
  sticky.lastIndex = at;
  return sticky.test(text) ? sticky.lastIndex : at;
}

function mistake(offset: number, found: string): TextFinding {
  return {
    offset,
    path: [],
    found,
    remedy: 'mend the JSON here; comments and trailing commas are allowed in .yaml files',
  };
}
