import { z } from 'zod';
import { integer } from '../../config/schema/scalars.ts';
import { foundIn } from '../../core/found-in.ts';
import { withRemedy } from '../../core/remedy.ts';
import { duration } from '../../core/units.ts';
import { bodyToSend } from './body.ts';
import { headersToSend } from './header-lines.ts';

/** What a service does in place of an answer. */
const broken = ['refuse', 'unreachable', 'reset', 'close', 'silent'] as const;

const response = z.strictObject({
  status: integer(200, 599).default(200).describe('The status. Without it: 200.'),
  headers: headersToSend
    .prefault({})
    .describe('Header lines. Without it: none but those that the body needs.'),
  body: bodyToSend
    .optional()
    .describe('The body: a text, or a list or keys and values for JSON. Without it: none.'),
  delay: duration()
    .optional()
    .describe('How long it takes to answer, by the clock of the test. Without it: no time.'),
});

/**
 * What a service answers, or what it does in place of that: it refuses connections, cannot be reached, resets or closes the
 * connection once it has the request, or stays silent.
 */
export const answer = z.union(
  [
    z.enum(broken).transform((how) => ({ type: 'broken' as const, how })),
    response.transform((written) => ({ type: 'response' as const, ...written })),
  ],
  {
    error: (issue) =>
      withRemedy(
        `expected an answer, found ${foundIn(issue.input)}`,
        `write { status, headers, body, delay }, or one of ${broken.join(', ')}`,
      ),
  },
);

/** What a service answers. */
export type Answer = z.output<typeof answer>;
