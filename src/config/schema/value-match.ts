import { z } from 'zod';
import { withRemedy } from '../../core/remedy.ts';
import { isToken } from '../../http/field.ts';
import { regExpMistake } from '../safe-reg-exp.ts';
import { foundIn } from '../../core/found-in.ts';

/** What a header or query parameter must be: this text, a match of `^(?:value)$` with flag `s`, or simply there. */
export type ValueMatch =
  | { readonly type: 'exact'; readonly value: string }
  | { readonly type: 'regex'; readonly value: string }
  | { readonly type: 'present' };

/** A condition on one header (name in lower case) or one query parameter (name as written, decoded). */
export interface NamedMatch {
  readonly name: string;
  readonly match: ValueMatch;
}

const remedy = 'write a text, { present: true } or { regex: … }';

const valueObject = z.strictObject({
  exact: z.string().optional().describe('This text, in the same case.'),
  regex: z.string().optional().describe('A regular expression for the whole value.'),
  present: z
    .literal(true, { error: withRemedy('present can only be true', 'leave the condition out, or write present: true') })
    .optional()
    .describe('Any value, even an empty one.'),
});

const valueMatch = z
  .union([z.string(), valueObject.meta({ minProperties: 1, maxProperties: 1 })], {
    error: (issue) => {
      const quotable = typeof issue.input === 'number' || typeof issue.input === 'boolean';
      const found = `expected a condition, found ${foundIn(issue.input)}`;
      return withRemedy(found, quotable ? `put it in quotes: "${String(issue.input)}"` : remedy);
    },
  })
  .transform((input, context): ValueMatch => {
    if (typeof input === 'string') return { type: 'exact', value: input };
    const fail = (message: string, path: readonly string[] = []): never => {
      context.issues.push({ code: 'custom', message, input, path: [...path] });
      return z.NEVER;
    };
    const [type, second] = (['exact', 'regex', 'present'] as const).filter((key) => input[key] !== undefined);
    if (type === undefined) {
      // A key that nobody knows is an issue already.
      return context.issues.length > 0 ? z.NEVER : fail(withRemedy('the condition says nothing', remedy));
    }
    if (second !== undefined) return fail(withRemedy(`the condition has both ${type} and ${second}`, 'keep one of them'), [second]);
    if (input.regex !== undefined) {
      const mistake = regExpMistake(input.regex);
      return mistake === undefined ? { type: 'regex', value: input.regex } : fail(mistake, ['regex']);
    }
    return input.exact === undefined ? { type: 'present' } : { type: 'exact', value: input.exact };
  });

const headerName = z.string().refine(isToken, {
  error: (issue) => withRemedy(`${foundIn(issue.input)} is not a header name`, 'write letters, digits and "-"'),
});

/** Conditions on headers. */
export const headerMatches = z
  .record(headerName, valueMatch)
  .prefault({})
  .transform((record, context): NamedMatch[] => {
    const seen = new Set<string>();
    return Object.entries(record).map(([written, match]) => {
      const name = written.toLowerCase();
      if (seen.has(name)) {
        const message = withRemedy(`the header "${name}" is named twice in different case`, 'keep one of them');
        context.issues.push({ code: 'custom', message, input: record, path: [written] });
      }
      seen.add(name);
      return { name, match };
    });
  });

/** Conditions on query parameters. */
export const queryMatches = z
  .record(z.string(), valueMatch)
  .prefault({})
  .transform((record): NamedMatch[] => Object.entries(record).map(([name, match]) => ({ name, match })));
