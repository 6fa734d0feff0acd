import type { Expression, List, Literal, Operator, Path, Value } from './expression.ts';
import { ExpressionError } from './expression-error.ts';
import { tokenize, type Sign, type Token } from './tokens.ts';

/** How deep parentheses and `not` may be nested. */
const MAX_DEPTH = 32;
/** How many steps a name may have: tokens are not nested deeper either. */
const MAX_STEPS = 33;

const operators: ReadonlySet<string> = new Set<Operator>(['==', '!=', '<', '<=', '>', '>=', 'in']);

/**
 * Reads an expression: `or` binds least, then `and`, then `not`, then comparisons, of which none follows another.
 * @throws ExpressionError
 */
export function parseExpression(source: string): Expression {
  return new Parser(source).parse();
}

class Parser {
  readonly #source: string;
  readonly #tokens: readonly Token[];
  #next = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
    this.#tokens = tokenize(source);
  }

  parse(): Expression {
    if (this.#isAtEnd())
      throw new ExpressionError(
        0,
        'the expression is empty',
        'write true for everybody, or false for nobody',
      );
    const expression = this.#or();
    if (!this.#isAtEnd()) throw this.#misplaced();
    return expression;
  }

  get #token(): Token {
    const token = this.#tokens[this.#next] ?? this.#tokens.at(-1);
    if (token === undefined) throw new RangeError('an expression has an end');
    return token;
  }

  #isAtEnd(): boolean {
    return this.#token.kind === 'end';
  }

  #or(): Expression {
    return this.#chain('or', '||', () => this.#chain('and', '&&', () => this.#not()));
  }

  #chain(word: 'and' | 'or', sign: Sign, part: () => Expression): Expression {
    const first = part();
    const parts = [first];
    while (this.#takes(word, sign)) parts.push(part());
    const last = parts.at(-1) ?? first;
    return parts.length === 1 ? first : { kind: word, parts, at: first.at, end: last.end };
  }

  #not(): Expression {
    const { at } = this.#token;
    if (!this.#takes('not', '!')) return this.#comparison();
    const part = this.#deeper(at, () => this.#not());
    return { kind: 'not', part, at, end: part.end };
  }

  #comparison(): Expression {
    const left = this.#primary();
    const operator = this.#operator();
    if (operator === undefined) return left;
    const right = this.#primary();
    const { at, end } = { at: left.at, end: right.end };
    const comparison = {
      kind: 'compare',
      operator,
      left: valueOf(left),
      right: valueOf(right),
      at,
      end,
    } as const;
    const { at: again } = this.#token;
    if (this.#operator() !== undefined)
      throw new ExpressionError(again, 'a comparison has two sides', 'join two comparisons with and');
    return comparison;
  }

  #operator(): Operator | undefined {
    const token = this.#token;
    const text = token.kind === 'sign' || token.kind === 'name' ? token.text : '';
    if (!isOperator(text)) return undefined;
    this.#next++;
    return text;
  }

  #primary(): Expression {
    const token = this.#token;
    if (token.kind === 'text' || token.kind === 'number') {
      this.#next++;
      return { kind: 'literal', value: token.value, at: token.at, end: token.end };
    }
    if (token.kind === 'name') return this.#named(token.text);
    if (this.#takesSign('[')) return this.#list(token.at);
    if (!this.#takesSign('(')) throw this.#misplaced();
    const inner = this.#deeper(token.at, () => this.#or());
    if (!this.#takesSign(')'))
      throw new ExpressionError(token.at, 'the parenthesis is not closed', 'close it with )');
    return inner;
  }

  #named(text: string): Literal | Path {
    const { at, end } = this.#token;
    if (['and', 'or', 'not', 'in'].includes(text)) throw this.#misplaced();
    this.#next++;
    if (text === 'true' || text === 'false') return { kind: 'literal', value: text === 'true', at, end };
    if (text === 'null') return { kind: 'literal', value: null, at, end };
    return this.#path(text, at, end);
  }

  #path(root: string, at: number, rootEnd: number): Path {
    const steps: (string | number)[] = [root];
    let end = rootEnd;
    for (;;) {
      const opening = this.#token;
      if (this.#takesSign('.')) steps.push(this.#member());
      else if (this.#takesSign('[')) steps.push(this.#index(opening.at));
      else break;
      end = this.#tokens[this.#next - 1]?.end ?? end;
      if (steps.length > MAX_STEPS)
        throw new ExpressionError(opening.at, `more than ${MAX_STEPS} steps`, 'no claim is nested as deep');
    }
    return { kind: 'path', steps, at, end };
  }

  #member(): string {
    const token = this.#token;
    if (token.kind !== 'name')
      throw new ExpressionError(
        token.at,
        'there is no name behind the dot',
        'write a name, or ["a name"] without the dot',
      );
    this.#next++;
    return token.text;
  }

  #index(opening: number): string | number {
    const token = this.#token;
    const isPlace = token.kind === 'number' && Number.isInteger(token.value) && token.value >= 0;
    if (token.kind !== 'text' && !isPlace)
      throw new ExpressionError(
        token.at,
        'this is neither a name nor a place in a list',
        'write ["name"] or [0]',
      );
    this.#next++;
    if (!this.#takesSign(']'))
      throw new ExpressionError(opening, 'the bracket is not closed', 'close it with ]');
    return token.kind === 'text' || token.kind === 'number' ? token.value : '';
  }

  #list(at: number): List {
    const items: (Literal | Path)[] = [];
    while (!this.#takesSign(']')) {
      if (this.#isAtEnd()) throw new ExpressionError(at, 'the list is not closed', 'close it with ]');
      const item = this.#primary();
      if (item.kind !== 'literal' && item.kind !== 'path')
        throw new ExpressionError(item.at, 'a list has only values', 'write texts and numbers: ["a", "b"]');
      items.push(item);
      const { at: behind } = this.#token;
      if (!this.#takesSign(',') && !this.#isSign(']'))
        throw new ExpressionError(behind, 'there is no comma between two items', 'write ["a", "b"]');
    }
    return { kind: 'list', items, at, end: this.#tokens[this.#next - 1]?.end ?? at };
  }

  #deeper<Result>(at: number, read: () => Result): Result {
    if (++this.#depth > MAX_DEPTH)
      throw new ExpressionError(at, `this is nested deeper than ${MAX_DEPTH} levels`, 'write several rules');
    const result = read();
    this.#depth--;
    return result;
  }

  #takes(word: string, sign: Sign): boolean {
    const token = this.#token;
    if (token.kind !== 'name' || token.text !== word) return this.#takesSign(sign);
    this.#next++;
    return true;
  }

  #takesSign(sign: Sign): boolean {
    if (!this.#isSign(sign)) return false;
    this.#next++;
    return true;
  }

  #isSign(sign: Sign): boolean {
    const token = this.#token;
    return token.kind === 'sign' && token.text === sign;
  }

  #misplaced(): ExpressionError {
    const token = this.#token;
    const { at, end } = token;
    if (token.kind === 'end')
      return new ExpressionError(
        at,
        'the expression breaks off',
        'write what it is compared with, or leave out its end',
      );
    const shown = this.#source.slice(at, end);
    const following = this.#tokens[this.#next + 1];
    if (shown === 'not' && following?.kind === 'name' && following.text === 'in')
      return new ExpressionError(
        at,
        '`not` stands in front of what it turns round',
        'write not ("x" in groups)',
      );
    const isCall = shown === '(' && this.#tokens[this.#next - 1]?.kind === 'name';
    return new ExpressionError(
      at,
      isCall ? 'there are no functions' : `${shown} does not belong here`,
      isCall ? 'compare with ==, !=, <, <=, >, >= and in' : 'join conditions with and, or and not',
    );
  }
}

function isOperator(text: string): text is Operator {
  return operators.has(text);
}

function valueOf(side: Expression): Value {
  if (side.kind === 'literal' || side.kind === 'path' || side.kind === 'list') return side;
  throw new ExpressionError(
    side.at,
    'only values are compared, and this is a condition',
    'leave out the comparison, or write not in front',
  );
}
