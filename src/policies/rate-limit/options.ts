import { z } from 'zod';
import { byOption, countedMethods, countedStatuses, countingName } from '../../core/counting-options.ts';
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
  missing: z
    .enum(['ip', 'skip'])
    .default('ip')
    .describe(
      'What becomes of a request that lacks what `by` names: counted by its address (`ip`), or not at all (`skip`). Without it: ip.',
    ),
  cost: units.default(1).describe('How many units a request counts for. Without it: 1.'),
  groups: z
    .record(z.string().min(1).max(100), z.strictObject({ ...oneLimit, limits: severalLimits }))
    .default({})
    .describe(
      'Limits for consumers of a group, by its name, each with `limit` (and `window`, `burst`) or `limits`; the first one that the consumer belongs to holds. Without it: the same for all.',
    ),
  methods: countedMethods
    .optional()
    .describe('Only requests with these methods are counted, and refused. Without it: all.'),
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
  headers: z
    .enum(['draft', 'x-ratelimit', 'none'])
    .default('draft')
    .describe(
      'In which headers clients are told what is left: `RateLimit` and `RateLimit-Policy` of the IETF draft, the older `X-RateLimit-*`, or none. Without it: draft.',
    ),
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
  onStoreError: z
    .enum(['local', 'allow', 'deny'])
    .optional()
    .describe(
      'What becomes of requests while Redis is slow or gone: counted in this process (`local`), let pass uncounted (`allow`), or answered 503 (`deny`). Without it: local.',
    ),
  dryRun: z
    .boolean()
    .default(false)
    .describe('Whether what would be refused is only logged and counted. Without it: no.'),
});

/** What is written about a policy, once read. */
export type RateLimitOptions = z.output<typeof options>;

/** The part of the options that says which limits hold, for all or for a group. */
export type WrittenLimits = Pick<RateLimitOptions, 'limit' | 'window' | 'burst' | 'limits'>;
