import { z } from 'zod';
import { definePolicy, PolicyOptionError } from '../../core/policy.ts';
import { withRemedy } from '../../core/remedy.ts';
import { compileHeaderRules } from './header-rules.ts';

const value = z
  .string()
  .max(8192)
  .describe('The value; may use variables such as ${client.ip} and ${params.id}.');

const removedName = z
  .string()
  .max(100)
  .regex(/^[!#$%&'+\-.^_`|~0-9A-Za-z]*[!#$%&'*+\-.^_`|~0-9A-Za-z]$/, {
    error: (issue) =>
      withRemedy(
        `${JSON.stringify(issue.input)} is not a header name`,
        'write a name, or its beginning and a star: x-internal-*',
      ),
  });

function edits(message: string) {
  return z
    .strictObject({
      remove: z
        .array(removedName)
        .max(100)
        .default([])
        .describe(
          `Headers to take out of the ${message}; a name that ends in * stands for all that begin so. Without it: none.`,
        ),
      set: z
        .record(z.string(), value)
        .default({})
        .describe(
          `Headers that the ${message} has exactly once, with this value, whatever it had before. One whose variables are all empty is taken out. Without it: none.`,
        ),
      add: z
        .record(z.string(), z.union([value, z.array(value).min(1).max(100)]))
        .default({})
        .describe(
          `Headers that the ${message} has besides those it had before; a list makes several lines. Without it: none.`,
        ),
    })
    .prefault({});
}

const options = z.strictObject({
  request: edits('request').describe(
    'What changes in the request before the service sees it. Without it: nothing.',
  ),
  response: edits('answer').describe(
    'What changes in the answer before the client sees it; also in answers of other policies and in errors. Without it: nothing.',
  ),
});

/** Sets, adds and removes headers, in requests and in answers. */
export const headers = definePolicy({
  name: 'headers',
  description: 'Sets, adds and removes headers of requests and answers.',
  options,
  create({ request, response }, { paramNames }) {
    const requestRules = compileHeaderRules('request', request, paramNames);
    const responseRules = compileHeaderRules('response', response, paramNames);
    if (requestRules === undefined && responseRules === undefined) {
      throw new PolicyOptionError(
        [],
        'headers changes nothing',
        'write what to set, add or remove, or leave the policy out',
      );
    }
    return {
      ...(requestRules !== undefined && {
        onRequest: (exchange) => requestRules.apply(exchange.request.headers, exchange, false),
      }),
      ...(responseRules !== undefined && {
        // An error answer must go out even when a line cannot be written for the very reason it reports.
        onResponse: (exchange, head) => responseRules.apply(head.headers, exchange, head.from === 'error'),
      }),
    };
  },
});
