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
import { MAX_RULES } from '../../core/limits.ts';
import { withRemedy } from '../../core/remedy.ts';
import { isTimeZone } from './calendar.ts';

const units = z.int().min(1).max(1_000_000_000);
const period = z.enum(['day', 'week', 'month']);

const severalLimits = z
  .array(z.strictObject({ name: countingName.optional(), limit: units, period }))
  .min(1)
  .max(MAX_RULES)
  .optional();

export const options = z.strictObject({
  limit: units
    .optional()
    .describe('How many requests pass in a `period`, at most 1000000000. Without it: those of `limits`.'),
  period: period
    .optional()
    .describe(
      'The piece of the calendar in which `limit` requests pass: `day`, `week` (from Monday on) or `month`. Without it: those of `limits`.',
    ),
  limits: severalLimits.describe(
    'Several limits that hold at once, each with `limit`, `period` and, if need be, `name`. Without it: the one of `limit`.',
  ),
  timeZone: z
    .string()
    .refine(isTimeZone, {
      error: (issue) =>
        withRemedy(
          `${JSON.stringify(issue.input)} is no time zone`,
          'write its name, such as Europe/Berlin or UTC',
        ),
    })
    .default('UTC')
    .describe('In which time zone days, weeks and months begin, such as `Europe/Berlin`. Without it: UTC.'),
  by: byOption
    .default('consumer')
    .describe(
      'By what requests are told apart: `ip`, `consumer`, `route`, `header:<name>`, `claim:<name>`, `param:<name>`, or a list of these together. Without it: consumer.',
    ),
  missing: missingOption,
  cost: units.default(1).describe('How many units a request counts for. Without it: 1.'),
  groups: z
    .record(
      z.string().min(1).max(100),
      z.strictObject({ limit: units.optional(), period: period.optional(), limits: severalLimits }),
    )
    .default({})
    .describe(
      'Quotas for consumers of a group, by its name, each with `limit` (and `period`) or `limits`; the first one that the consumer belongs to holds. Without it: the same for all.',
    ),
  methods: methodsOption,
  statuses: countedStatuses
    .optional()
    .describe(
      'Only requests whose answer has one of these statuses are counted, such as `[2xx]`; all are refused once the quota is used up. Without it: all are counted.',
    ),
  name: countingName
    .optional()
    .describe(
      'Policies of the same name count together, on whatever routes they stand. Without it: each route counts by itself, and a policy in the list for every route counts all of them together.',
    ),
  headers: limitHeadersOption,
  onStoreError: onStoreErrorOption,
  dryRun: dryRunOption,
});

/** What is written about a policy, once read. */
export type QuotaOptions = z.output<typeof options>;

/** The part of the options that says which limits hold, for all or for a group. */
export type WrittenQuota = Pick<QuotaOptions, 'limit' | 'period' | 'limits'>;
