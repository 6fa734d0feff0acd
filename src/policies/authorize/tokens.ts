import { ExpressionError } from './expression-error.ts';

/** A sign of the language. */
export type Sign =
  '==' | '!=' | '<=' | '>=' | '<' | '>' | '&&' | '||' | '!' | '(' | ')' | '[' | ']' | ',' | '.';

/** A piece of an expression, from `at` to before `end`. */
export type Token = { readonly at: number; readonly end: number } & (
  | { readonly kind: 'name'; readonly text: string }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'sign'; readonly text: Sign }
  | { readonly kind: 'end' }
);

/** The longest expression, in characters. */
export const MAX_LENGTH = 2000;

const name = /[A-Za-z_$][\w$-]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const sign = /==|!=|<=|>=|&&|\|\||[<>!()[\],.]/y;
const white = /[ \t\r\n]+/y;

/** What people write out of habit, and what it is called here. The longest first. */
const habits: readonly (readonly [written: string, remedy: string])[] = [
  ['===', 'write =='],
  ['!==', 'write !='],
  ['=~', 'write == or in: there are no patterns'],
  ['=>', 'write >='],
  ['=<', 'write <='],
  ['<>', 'write !='],
];

const single: ReadonlyMap<string, string> = new Map([
  ['=', 'write =='],
  ['&', 'write and'],
  ['|', 'write or'],
  ['“', 'write plain quotes: "'],
  ['”', 'write plain quotes: "'],
  ['‘', "write plain quotes: '"],
  ['’', "write plain quotes: '"],
  ['`', 'write " or \''],
  ['{', 'write a list in brackets: ["a", "b"]'],
  [':', 'put a name with a colon into brackets: claims["x:y"]'],
  ['/', 'put a name with a slash into brackets: claims["https://x/y"]'],
  ...['+', '-', '*', '%'].map(
    (char) => [char, 'compare values as they are: there is no arithmetic'] as const,
  ),
]);

/**
 * Takes an expression apart.
 * @throws ExpressionError
 */
export function tokenize(source: string): Token[] {
  if (source.length > MAX_LENGTH) {
    throw new ExpressionError(
      MAX_LENGTH,
      `the expression is longer than ${MAX_LENGTH} characters`,
      'write several rules: all of them must hold',
    );
  }
  const tokens: Token[] = [];
  for (let at = endOf(white, source, 0); at < source.length;) {
    const token = tokenAt(source, at);
    tokens.push(token);
    at = endOf(white, source, token.end);
  }
  tokens.push({ kind: 'end', at: source.length, end: source.length });
  return tokens;
}

function tokenAt(source: string, at: number): Token {
  const char = source[at];
  if (char === '"' || char === "'") return textAt(source, at);
  const habit = habits.find(([written]) => source.startsWith(written, at));
  if (habit !== undefined) throw new ExpressionError(at, `there is no ${habit[0]}`, habit[1]);
  let end = endOf(name, source, at);
  if (end > at) return { kind: 'name', text: source.slice(at, end), at, end };
  end = endOf(number, source, at);
  if (end > at) return numberAt(source, at, end);
  end = endOf(sign, source, at);
  if (end > at) return { kind: 'sign', text: signOf(source.slice(at, end)), at, end };
  const point = String.fromCodePoint(source.codePointAt(at) ?? 0);
  throw new ExpressionError(
    at,
    `${JSON.stringify(point)} has no meaning here`,
    single.get(point) ?? 'put texts in quotes',
  );
}

/** The whole text is one of these: the expression above lists the same. */
function signOf(text: string): Sign {
  return text as Sign;
}

function numberAt(source: string, at: number, end: number): Token {
  const text = source.slice(at, end);
  const value = Number(text);
  if (/[\w$.]/.test(source[end] ?? ''))
    throw new ExpressionError(at, `${text}${source[end] ?? ''}… is no number`, 'put a text in quotes');
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    throw new ExpressionError(
      at,
      `${text} is too large to be told from its neighbours`,
      `write a number up to ${Number.MAX_SAFE_INTEGER}, or have the issuer write a text`,
    );
  }
  return { kind: 'number', value, at, end };
}

/** A text in single or double quotes; a backslash takes quotes and itself literally. */
function textAt(source: string, at: number): Token {
  const quote = source[at];
  let value = '';
  for (let i = at + 1; i < source.length; i++) {
    const char = source[i] ?? '';
    if (char === quote) return { kind: 'text', value, at, end: i + 1 };
    if (char !== '\\') {
      value += char;
      continue;
    }
    i++;
    const escaped = source[i] ?? '';
    if (!['\\', '"', "'"].includes(escaped))
      throw new ExpressionError(
        i - 1,
        'a backslash takes only quotes and itself',
        'write \\\\ for a backslash',
      );
    value += escaped;
  }
  throw new ExpressionError(at, 'the text has no closing quote', `close it with ${quote}`);
}

function endOf(pattern: RegExp, source: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(source) ? pattern.lastIndex : at;
}
