import { z } from 'zod';
import {
  byOption,
  countingName,
  dryRunOption,
  methodsOption,
  missingOption,
} from '../../core/counting-options.ts';
import { duration } from '../../core/units.ts';

const slots = z.int().min(1).max(1_000_000);

export const options = z.strictObject({
  limit: slots.describe(
    'How many exchanges may be under way at the same moment. Has no default: it must be given.',
  ),
  by: byOption
    .default('route')
    .describe(
      'By what exchanges are told apart: `ip`, `consumer`, `route`, `header:<name>`, `claim:<name>`, `param:<name>`, or a list of these together. Without it: route.',
    ),
  missing: missingOption,
  groups: z
    .record(z.string().min(1).max(100), z.strictObject({ limit: slots }))
    .default({})
    .describe(
      'Limits for consumers of a group, by its name, each with `limit`; the first one that the consumer belongs to holds. Without it: the same for all.',
    ),
  queue: z
    .strictObject({
      size: z
        .int()
        .min(0)
        .max(100_000)
        .default(0)
        .describe('How many requests of a key wait for a slot when there is none. Without it: none.'),
      timeout: duration({ min: '1ms', max: '60s' })
        .default(1000)
        .describe('How long each of them waits at most, from 1ms to 60s. Without it: 1s.'),
    })
    .prefault({})
    .describe(
      'Who waits for a slot, first come, first served. Without it: nobody, and all are refused at once.',
    ),
  methods: methodsOption,
  name: countingName
    .optional()
    .describe(
      'Policies of the same name count together, on whatever routes they stand; give them the same limit. Without it: each route counts by itself, and a policy in the list for every route counts all of them together.',
    ),
  status: z
    .union([z.literal(429), z.literal(503)])
    .optional()
    .describe(
      'What those who are refused are answered, 429 or 503. Without it: 503 by route, where it is the service that is busy, and 429 by anything else.',
    ),
  dryRun: dryRunOption,
});

/** What is written about a policy, once read. */
export type ConcurrencyLimitOptions = z.output<typeof options>;
