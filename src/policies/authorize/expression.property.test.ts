import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fakeExchange } from '../../../test/kit/fake-exchange.ts';
import { compileExpression } from './compile-expression.ts';
import { ExpressionError } from './expression-error.ts';

/** An expression as data, with what the reference makes of it beside how it is written. */
interface Sample {
  readonly text: string;
  readonly holds: (claims: Claims) => boolean;
}

type Claims = Readonly<Record<string, unknown>>;

/** A value of a comparison. */
interface Term {
  readonly text: string;
  readonly read: (claims: Claims) => unknown;
}

const names = ['a', 'b', 'constructor', '__proto__', 'toString', 'length'] as const;

/** A claim by steps, read with JSON alone: what is parsed again has nothing that the text does not have. */
const claim: fc.Arbitrary<Term> = fc
  .array(fc.oneof(fc.constantFrom(...names), fc.nat(2)), { minLength: 0, maxLength: 2 })
  .chain((rest) => fc.constantFrom(...names).map((first) => [first, ...rest]))
  .map((steps) => ({
    text: `claims${steps.map((step) => `[${JSON.stringify(step)}]`).join('')}`,
    read: (claims) =>
      steps.reduce<unknown>((value, step) => {
        if (Array.isArray(value))
          return typeof step === 'number' ? value.slice(step, step + 1).pop() : undefined;
        if (typeof value !== 'object' || value === null || typeof step === 'number') return undefined;
        return new Map<string, unknown>(Object.entries(value)).get(step);
      }, claims),
  }));

const scalar = fc.oneof(
  fc.constantFrom('', 'x', 'true', '1', "'", '\\', '"'),
  fc.integer({ min: -2, max: 2 }),
  fc.boolean(),
);

const literal: fc.Arbitrary<Term> = scalar.map((value) => ({
  text: typeof value === 'string' ? `"${value.replace(/[\\"]/g, '\\$&')}"` : String(value),
  read: () => value,
}));

const list: fc.Arbitrary<Term> = fc
  .array(fc.oneof(literal, claim), { minLength: 1, maxLength: 3 })
  .map((items) => ({
    text: `[${items.map(({ text }) => text).join(', ')}]`,
    read: (claims) => items.map(({ read }) => read(claims)),
  }));

/** `text:x` for a text, and so on; undefined for what equals nothing. */
function tagged(value: unknown): string | undefined {
  if (typeof value === 'number' && Math.abs(value) > 2 ** 53 - 1) return undefined;
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number')
    return `${typeof value}:${String(value === 0 ? 0 : value)}`;
  return undefined;
}

function compared(operator: string, left: unknown, right: unknown): boolean {
  const [a, b] = [tagged(left), tagged(right)];
  if (operator === 'in') return Array.isArray(right) && a !== undefined && right.map(tagged).includes(a);
  if (a === undefined || b === undefined || typeof left !== typeof right) return false;
  if (operator === '==') return a === b;
  if (operator === '!=') return a !== b;
  if (typeof left !== 'number' || typeof right !== 'number') return false;
  const order = Math.sign(left - right);
  return { '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[operator] ?? false;
}

const comparison: fc.Arbitrary<Sample> = fc
  .oneof(
    fc.tuple(claim, fc.constantFrom('==', '!='), fc.oneof(claim, literal)),
    fc.tuple(literal, fc.constantFrom('==', '!='), claim),
    fc.tuple(claim, fc.constantFrom('<', '<=', '>', '>='), claim),
    fc.tuple(fc.oneof(claim, literal), fc.constant('in'), claim),
    fc.tuple(claim, fc.constant('in'), list),
  )
  .map(([left, operator, right]) => ({
    text: `${left.text} ${operator} ${right.text}`,
    holds: (claims) => compared(operator, left.read(claims), right.read(claims)),
  }));

const bare: fc.Arbitrary<Sample> = fc.oneof(
  claim.map(({ text, read }) => ({ text, holds: (claims: Claims) => read(claims) === true })),
  claim.map(({ text, read }) => ({
    text: `${text} == null`,
    holds: (claims: Claims) => read(claims) === undefined || read(claims) === null,
  })),
  fc.boolean().map((value) => ({ text: String(value), holds: () => value })),
);

/** Whole expressions; parentheses only where there have to be some. */
const { expression } = fc.letrec<{ expression: Sample; and: Sample; not: Sample; atom: Sample }>((tie) => ({
  expression: fc.array(tie('and'), { minLength: 1, maxLength: 3 }).chain((parts) =>
    fc.constantFrom(' or ', ' || ').map((word) => ({
      text: parts.map(({ text }) => text).join(word),
      holds: (claims: Claims) => parts.some(({ holds }) => holds(claims)),
    })),
  ),
  and: fc.array(tie('not'), { minLength: 1, maxLength: 3 }).chain((parts) =>
    fc.constantFrom(' and ', '&&').map((word) => ({
      text: parts.map(({ text }) => text).join(word),
      holds: (claims: Claims) => parts.every(({ holds }) => holds(claims)),
    })),
  ),
  not: fc.oneof(
    { depthSize: 'small' },
    tie('atom'),
    fc.tuple(fc.constantFrom('not ', '!'), tie('atom')).map(([word, { text, holds }]) => ({
      text: `${word}${text}`,
      holds: (claims: Claims) => !holds(claims),
    })),
  ),
  atom: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    comparison,
    bare,
    tie('expression').map(({ text, holds }) => ({ text: `(${text})`, holds })),
  ),
}));

const claims: fc.Arbitrary<Claims> = fc
  .dictionary(
    fc.constantFrom(...names),
    fc
      .jsonValue({ maxDepth: 2 })
      .chain((value) =>
        fc.oneof(
          fc.constant(value),
          scalar,
          fc.array(scalar, { maxLength: 3 }),
          fc.dictionary(fc.constantFrom(...names), scalar),
        ),
      ),
  )
  .map((value): Claims => JSON.parse(JSON.stringify(value)) as Claims);

describe('expressions', () => {
  it('hold exactly when a naive evaluation of the same says so', () => {
    let held = 0;
    fc.assert(
      fc.property(expression, claims, (sample, said) => {
        if (sample.text.length > 2000) return;
        let condition;
        try {
          condition = compileExpression(sample.text, []);
        } catch (error) {
          // Deeply nested samples are refused, and nothing else is.
          assert.ok(error instanceof ExpressionError && error.message.includes('nested deeper'), sample.text);
          return;
        }
        const exchange = fakeExchange({ consumer: { id: 'x', claims: said } });
        const expected = sample.holds(said);
        if (expected) held++;
        assert.equal(condition.holds(exchange), expected, `${sample.text} of ${JSON.stringify(said)}`);
      }),
      { numRuns: 3000 },
    );
    assert.ok(held > 100, `${held} of them held`);
  });

  it('are compiled or refused with a place in them, whatever is written', () => {
    const words = [
      'claims',
      '.',
      'a',
      '[',
      ']',
      '"x"',
      "'",
      '(',
      ')',
      'and',
      'or',
      'not',
      '!',
      '==',
      '=',
      '<',
      'in',
      'groups',
      'params.id',
      'null',
      '1',
      '-',
      ' ',
      '\u2028',
      '__proto__',
      ',',
    ];
    const texts = fc.oneof(
      fc.array(fc.constantFrom(...words), { maxLength: 12 }).map((all) => all.join('')),
      fc.array(fc.constantFrom(...words), { maxLength: 12 }).map((all) => all.join(' ')),
      fc.string({ unit: 'grapheme' }),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          assert.equal(typeof compileExpression(text, ['id']).holds(fakeExchange()), 'boolean');
        } catch (error) {
          if (!(error instanceof ExpressionError)) throw error;
          assert.ok(error.at >= 0 && error.at <= text.length, text);
          assert.doesNotMatch(`${error.message}${error.remedy}`, /\n|\.$/);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
