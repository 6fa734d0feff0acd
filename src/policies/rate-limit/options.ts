import { z } from 'zod';
import {
  byOption,
  countedStatuses,
  countingName,
  dryRunOption,
  limitHeadersOption,
  methodsOption,
  missingOption,
  onStoreErrorOption,
} from '../../core/counting-options.ts';
import { MAX_LIMIT, MAX_RULES } from '../../core/limits.ts';
import { duration } from '../../core/units.ts';

const units = z.int().min(1).max(MAX_LIMIT);
const window = duration({ max: '31d' });
const algorithm = z.enum(['gcra', 'sliding-window', 'fixed-window']);

const oneLimit = {
  limit: units.optional(),
  window: window.optional(),
  burst: units.optional(),
};

const severalLimits = z
  .array(
    z.strictObject({
      name: countingName.optional(),
      limit: units,
      window,
      burst: units.optional(),
      algorithm: algorithm.optional(),
    }),
  )
  .min(1)
  .max(MAX_RULES)
  .optional();

export const options = z.strictObject({
  limit: oneLimit.limit.describe('How many requests pass in a `window`. Without it: those of `limits`.'),
  window: oneLimit.window.describe(
    'The time in which `limit` requests pass, from 1ms to 31d. Without it: those of `limits`.',
  ),
  burst: oneLimit.burst.describe(
    'How many requests may come at once, with `gcra`. Without it: as many as `limit` says.',
  ),
  algorithm: algorithm.default('gcra').describe('How requests are counted: see below. Without it: gcra.'),
  limits: severalLimits.describe(
    'Several limits that hold at once, each with `limit`, `window` and, if need be, `name`, `burst` and `algorithm`. Without it: the one of `limit`.',
  ),
  by: byOption
    .default('ip')
    .describe(
      'By what requests are told apart: `ip`, `consumer`, `route`, `header:<name>`, `claim:<name>`, `param:<name>`, or a list of these together. Without it: ip.',
    ),
  missing: missingOption,
  cost: units.default(1).describe('How many units a request counts for. Without it: 1.'),
  groups: z
    .record(z.string().min(1).max(100), z.strictObject({ ...oneLimit, limits: severalLimits }))
    .default({})
    .describe(
      'Limits for consumers of a group, by its name, each with `limit` (and `window`, `burst`) or `limits`; the first one that the consumer belongs to holds. Without it: the same for all.',
    ),
  methods: methodsOption,
  statuses: countedStatuses
    .optional()
    .describe(
      'Only requests whose answer has one of these statuses are counted, such as `[401, 403]` or `[5xx]`; all are refused once the limit is reached. Without it: all are counted.',
    ),
  name: countingName
    .optional()
    .describe(
      'Policies of the same name with the same limits count together, on whatever routes they stand. Without it: each route counts by itself, and a policy in the list for every route counts all of them together.',
    ),
  headers: limitHeadersOption,
  mode: z
    .enum(['exact', 'synced', 'local'])
    .optional()
    .describe(
      'Whether Redis is asked for each request (`exact`), told soon after (`synced`), or has nothing to do with it (`local`). Without it: exact where there is a `redis:`, else local.',
    ),
  syncEvery: duration({ min: '50ms', max: '500ms' })
    .optional()
    .describe(
      'With `mode: synced`, how soon after a decision it is settled with Redis, from 50ms to 500ms. Without it: 100ms.',
    ),
  onStoreError: onStoreErrorOption,
  dryRun: dryRunOption,
});

/** What is written about a policy, once read. */
export type RateLimitOptions = z.output<typeof options>;

/** The part of the options that says which limits hold, for all or for a group. */
export type WrittenLimits = Pick<RateLimitOptions, 'limit' | 'window' | 'burst' | 'limits'>;
