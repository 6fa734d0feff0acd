import { z } from 'zod';
import { foundIn } from '../../core/found-in.ts';
import { nearest } from '../../core/nearest.ts';
import { withRemedy } from '../../core/remedy.ts';
import { isFieldValue } from '../../http/field.ts';
import { routableMethods } from '../../http/methods.ts';
import { compileExpression } from './compile-expression.ts';
import { ExpressionError } from './expression-error.ts';

/** What refuses a request that no rule is for, where a rule's name stands otherwise. */
export const OTHERWISE = 'otherwise';

const ruleName = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, {
    error: ({ input }) =>
      withRemedy(`${foundIn(input)} is not a name for a rule`, 'write letters, digits, `-`, `_` and `.`'),
  })
  .refine((name) => name !== OTHERWISE, {
    error: () =>
      withRemedy(
        `"${OTHERWISE}" is the name under which requests are refused that no rule is for`,
        'write another name',
      ),
  });

const method = z.enum(routableMethods, {
  error: ({ input }) => {
    const meant = typeof input === 'string' ? nearest(input.toUpperCase(), routableMethods) : undefined;
    return withRemedy(
      `${foundIn(input)} is not a method that a request can have`,
      meant === undefined ? `write one of ${routableMethods.join(', ')}` : `write ${meant}`,
    );
  },
});

/** RFC 6749 §3.3, so that a challenge can name it. */
const scope = z
  .string()
  .max(256)
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, {
    error: ({ input }) =>
      withRemedy(
        `${foundIn(input)} is no scope`,
        typeof input === 'string' && /\S\s+\S/.test(input)
          ? `write a list: [${input.trim().split(/\s+/).join(', ')}]`
          : 'write printable ASCII without spaces, quotes and backslashes',
      ),
  });

const text = z.string().min(1).max(256);

const expression = z
  .union([z.string(), z.boolean()], {
    error: ({ input }) =>
      withRemedy(
        `expected an expression, found ${foundIn(input)}`,
        'write a text, such as "claims.sub == params.id", or true or false',
      ),
  })
  .superRefine((written, context) => {
    try {
      // Which parameters there are is known when a route is made of it.
      compileExpression(String(written), undefined);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      context.addIssue({ code: 'custom', message: withRemedy(error.found, error.remedy) });
    }
  });

const rule = z
  .strictObject({
    name: ruleName.describe(
      'What the rule is called in answers, the log and metrics. Has no default: who is refused has to know by what.',
    ),
    methods: z
      .array(method)
      .min(1)
      .max(routableMethods.length)
      .optional()
      .describe('The methods that the rule is for, GET includes HEAD. Without it: all.'),
    consumers: z
      .array(text)
      .min(1)
      .max(1000)
      .optional()
      .describe('Who may: the ids of consumers, any of them. Without it: the id does not matter.'),
    groups: z
      .array(text)
      .min(1)
      .max(1000)
      .optional()
      .describe('The groups of which the consumer must be in one. Without it: groups do not matter.'),
    scopes: z
      .array(scope)
      .min(1)
      .max(100)
      .optional()
      .describe('The scopes that the credential must have, all of them. Without it: scopes do not matter.'),
    allow: expression
      .optional()
      .describe(
        'An expression that must hold, such as `claims.sub == params.userId`. Without it: nothing more than the lists ask for.',
      ),
  })
  .superRefine(({ name, consumers, groups, scopes, allow }, context) => {
    if ([consumers, groups, scopes, allow].some((demand) => demand !== undefined)) return;
    const remedy = 'write consumers, groups, scopes or allow; `allow: true` lets everybody pass';
    context.addIssue({ code: 'custom', message: withRemedy(`the rule "${name}" asks for nothing`, remedy) });
  });

/** `Bearer`, `Basic realm="x"`: a scheme, and its parameters if any (RFC 9110 §11.6.1). */
const challenge = z
  .string()
  .max(1000)
  .refine((value) => /^[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]*(?: \S.*)?$/.test(value) && isFieldValue(value), {
    error: () => withRemedy('this is no challenge', 'write a scheme, such as Bearer or Basic realm="shop"'),
  });

/** The options of the policy `authorize`. */
export const options = z.strictObject({
  rules: z
    .array(rule)
    .min(1, {
      error: () => withRemedy('there are no rules', 'write one, such as { name: staff, groups: [staff] }'),
    })
    .max(100)
    .superRefine(reportNamesakes)
    .describe(
      "The rules. All that are for a request's method must hold; the first that does not refuses it. Has no default: without rules, there is nothing to decide.",
    ),
  otherwise: z
    .enum(['deny', 'allow'])
    .default('deny')
    .describe('What becomes of a request whose method no rule is for: `deny` or `allow`. Without it: deny.'),
  challenge: challenge
    .default('Bearer')
    .describe(
      'What `WWW-Authenticate` says to those who are refused because nobody knows who they are. Without it: Bearer.',
    ),
});

/** What the operator wrote about one rule. */
export type RuleOptions = z.output<typeof rule>;

function reportNamesakes(rules: readonly RuleOptions[], context: z.RefinementCtx): void {
  const first = new Map<string, number>();
  for (const [index, { name }] of rules.entries()) {
    const namesake = first.get(name);
    if (namesake === undefined) first.set(name, index);
    else
      context.addIssue({
        code: 'custom',
        path: [index, 'name'],
        message: withRemedy(
          `rule ${namesake + 1} of the list has this name too`,
          'give each a name of its own',
        ),
      });
  }
}
