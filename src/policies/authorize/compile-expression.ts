import type { Exchange } from '../../core/exchange.ts';
import { checkComparison } from './check-comparison.ts';
import { areDifferent, areEqual, isExact, isIn } from './equality.ts';
import type { Expression, Operator, Value } from './expression.ts';
import { ExpressionError } from './expression-error.ts';
import { compileOperand, type Operand, type ParamNames } from './operand.ts';
import { parseExpression } from './parse-expression.ts';

type Test = (exchange: Exchange) => boolean;

/** One comparison of an expression, so that somebody can be told why it held or not. */
export interface Comparison {
  /** As it is written. */
  readonly text: string;
  readonly holds: Test;
  /** What is read of the exchange for it. */
  readonly operands: readonly Operand[];
}

/** An expression that is ready to be asked. */
export interface Condition {
  readonly holds: Test;
  /** Whether it looks at who is asking. */
  readonly asksWho: boolean;
  /** Its comparisons, in the order in which they are written. */
  readonly comparisons: readonly Comparison[];
}

/**
 * Compiles an expression into closures. It ends, whatever it is asked about, and never throws.
 * @param paramNames the parameters that the route's path captures; undefined where that is not known yet.
 * @throws ExpressionError
 */
export function compileExpression(source: string, paramNames: ParamNames): Condition {
  const compiler = new Compiler(source, paramNames);
  const holds = compiler.compile(parseExpression(source));
  const { comparisons } = compiler;
  return {
    holds,
    asksWho: comparisons.some(({ operands }) => operands.some(({ asksWho }) => asksWho)),
    comparisons,
  };
}

class Compiler {
  readonly comparisons: Comparison[] = [];
  readonly #source: string;
  readonly #paramNames: ParamNames;

  constructor(source: string, paramNames: ParamNames) {
    this.#source = source;
    this.#paramNames = paramNames;
  }

  compile(expression: Expression): Test {
    switch (expression.kind) {
      case 'and':
        return allOf(expression.parts.map((part) => this.compile(part)));
      case 'or':
        return anyOf(expression.parts.map((part) => this.compile(part)));
      case 'not': {
        const test = this.compile(expression.part);
        return (exchange) => !test(exchange);
      }
      case 'compare': {
        const left = { value: expression.left, operand: this.#operand(expression.left) };
        const right = { value: expression.right, operand: this.#operand(expression.right) };
        checkComparison(left, expression.operator, right);
        const test = compare(left.operand, expression.operator, right.operand);
        return this.#noted(expression, test, [left.operand, right.operand]);
      }
      case 'literal':
      case 'list':
      case 'path':
        return this.#alone(expression);
      default:
        return expression satisfies never;
    }
  }

  /** A value that stands for itself: true, false, or a claim that holds when it is true and nothing else. */
  #alone(value: Value): Test {
    const operand = this.#operand(value);
    const { type, read } = operand;
    if (value.kind === 'literal' && typeof value.value === 'boolean') return () => value.value === true;
    if (type === 'any') return this.#noted(value, (exchange) => read(exchange) === true, [operand]);
    const text = this.#source.slice(value.at, value.end);
    throw new ExpressionError(
      value.at,
      `${text.length > 40 ? 'this' : text} is neither true nor false`,
      type === 'list'
        ? `write "x" in ${text.length > 40 ? '…' : text}`
        : 'compare it: x == "a", or x in ["a", "b"]',
    );
  }

  #operand(value: Value): Operand {
    return compileOperand(value, this.#paramNames);
  }

  #noted(
    { at, end }: { readonly at: number; readonly end: number },
    holds: Test,
    operands: readonly Operand[],
  ): Test {
    this.comparisons.push({ text: this.#source.slice(at, end), holds, operands });
    return holds;
  }
}

function compare(
  { read: left, ...first }: Operand,
  operator: Operator,
  { read: right, ...second }: Operand,
): Test {
  if (first.type === 'nothing') return presence(right, operator === '==');
  if (second.type === 'nothing') return presence(left, operator === '==');
  switch (operator) {
    case '==':
      return (exchange) => areEqual(left(exchange), right(exchange));
    case '!=':
      return (exchange) => areDifferent(left(exchange), right(exchange));
    case 'in':
      return (exchange) => isIn(left(exchange), right(exchange));
    case '<':
      return ordered(left, right, (a, b) => a < b);
    case '<=':
      return ordered(left, right, (a, b) => a <= b);
    case '>':
      return ordered(left, right, (a, b) => a > b);
    case '>=':
      return ordered(left, right, (a, b) => a >= b);
    default:
      return operator satisfies never;
  }
}

/** Whether something is not there, or is: a claim that is null says as little as one that is missing. */
function presence(read: Operand['read'], absent: boolean): Test {
  return (exchange) => {
    const value = read(exchange);
    return (value === undefined || value === null) === absent;
  };
}

function ordered(
  left: Operand['read'],
  right: Operand['read'],
  test: (a: number, b: number) => boolean,
): Test {
  return (exchange) => {
    const a = left(exchange);
    const b = right(exchange);
    return isExact(a) && isExact(b) && test(a, b);
  };
}

function allOf(tests: readonly Test[]): Test {
  return (exchange) => {
    for (const test of tests) if (!test(exchange)) return false;
    return true;
  };
}

function anyOf(tests: readonly Test[]): Test {
  return (exchange) => {
    for (const test of tests) if (test(exchange)) return true;
    return false;
  };
}
