import { foundIn } from '../../core/found-in.ts';
import { canonicalPath } from '../../http/path.ts';
import { normalizeIp } from '../../http/ip.ts';
import { routableMethods } from '../../http/methods.ts';
import { nearest } from '../../core/nearest.ts';
import type { Operator, Value } from './expression.ts';
import { ExpressionError } from './expression-error.ts';
import type { Operand } from './operand.ts';

/** A side of a comparison, as it is written and as it is read. */
export interface Side {
  readonly value: Value;
  readonly operand: Operand;
}

const words = {
  text: 'a text',
  number: 'a number',
  'truth value': 'true or false',
  list: 'a list',
  nothing: 'null',
  any: 'a claim',
} as const;

/**
 * Refuses comparisons that hold always or never, whoever asks: they are mistakes.
 * @throws ExpressionError
 */
export function checkComparison(left: Side, operator: Operator, right: Side): void {
  if (operator === 'in') checkElement(left, right);
  else if (operator === '==' || operator === '!=') checkEquality(left, operator, right);
  else for (const side of [left, right]) checkOrdered(side, operator);
  if (isFixed(left) && isFixed(right))
    throw new ExpressionError(
      left.value.at,
      'both sides are fixed',
      'take the quotes off a name, or write true or false',
    );
  checkLiterals(left, right);
  if (operator !== 'in') checkLiterals(right, left);
}

function isFixed({ value }: Side): boolean {
  return (
    value.kind === 'literal' || (value.kind === 'list' && value.items.every(({ kind }) => kind === 'literal'))
  );
}

function checkElement(left: Side, right: Side): void {
  const { at } = left.value;
  if (right.operand.type !== 'list' && right.operand.type !== 'any') {
    const { literal } = right.operand;
    throw new ExpressionError(
      right.value.at,
      `${typeof literal === 'string' ? foundIn(literal) : words[right.operand.type]} is no list`,
      typeof literal === 'string'
        ? `write [${JSON.stringify(literal)}], or ==`
        : 'compare it with ==, or write a list: ["a", "b"]',
    );
  }
  if (left.operand.type === 'list')
    throw new ExpressionError(
      at,
      'a list is no element of another',
      'write the element in front: "admin" in groups',
    );
  if (left.operand.type === 'nothing')
    throw new ExpressionError(at, 'null is never in a list', 'write == null');
  const { name } = right.operand;
  if (
    name !== undefined &&
    right.operand.type === 'list' &&
    left.operand.type !== 'text' &&
    left.operand.type !== 'any'
  )
    throw new ExpressionError(at, `${name} has only texts`, `put it in quotes, as in "admin" in ${name}`);
}

function checkEquality(left: Side, operator: Operator, right: Side): void {
  for (const [side, other] of [
    [left, right],
    [right, left],
  ] as const) {
    if (side.operand.type === 'list')
      throw new ExpressionError(side.value.at, 'a list equals nothing', 'write in: "admin" in groups');
    if (
      side.operand.type === 'nothing' &&
      other.operand.type !== 'any' &&
      other.operand.name !== 'consumer.id'
    )
      throw new ExpressionError(
        side.value.at,
        'null asks whether a claim or consumer.id is there',
        `leave the comparison with null out, or write consumer.id ${operator} null`,
      );
  }
  const types = [left.operand.type, right.operand.type] as const;
  if (types[0] === types[1] || types.some((type) => type === 'any' || type === 'nothing')) return;
  const literal = [left, right].find(
    ({ operand }) => operand.literal !== undefined && operand.type !== 'text',
  );
  throw new ExpressionError(
    left.value.at,
    `${words[types[0]]} never equals ${words[types[1]]}`,
    literal === undefined
      ? 'compare values of one kind'
      : `put it in quotes: "${String(literal.operand.literal)}"`,
  );
}

function checkOrdered({ value, operand }: Side, operator: Operator): void {
  if (operand.type === 'number' || operand.type === 'any') return;
  throw new ExpressionError(
    value.at,
    `${operator} compares numbers, and this is ${words[operand.type]}`,
    'write == or in',
  );
}

/** Texts that a request cannot have where it is compared with them. */
function checkLiterals({ operand: { name } }: Side, other: Side): void {
  const { value } = other;
  for (const item of value.kind === 'list' ? value.items : [value]) {
    if (item.kind !== 'literal' || typeof item.value !== 'string') continue;
    const mistake = impossible(name ?? '', item.value);
    if (mistake !== undefined)
      throw new ExpressionError(item.at, `${name} is never ${JSON.stringify(item.value)}`, mistake);
  }
}

/** @returns the remedy. */
function impossible(name: string, text: string): string | undefined {
  if (name === 'method') {
    if (routableMethods.some((method) => method === text)) return undefined;
    return `write ${nearest(text.toUpperCase(), routableMethods) ?? 'GET'}, in upper case`;
  }
  if (name === 'host')
    return text === text.toLowerCase() && !/[/:]/.test(text.replace(/^\[.*\]$/, ''))
      ? undefined
      : 'write the host in lower case and without port, such as api.example.com';
  if (name === 'path') {
    const path = text.startsWith('/') ? canonicalPath(text) : undefined;
    return path === text ? undefined : `write ${path ?? 'a path that begins with /'}`;
  }
  if (name !== 'client.ip') return undefined;
  const ip = normalizeIp(text);
  if (ip === text) return undefined;
  return ip === undefined ? 'write one address; the policy ip-filter knows networks' : `write ${ip}`;
}
