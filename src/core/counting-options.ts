import { z } from 'zod';
import type { Setup } from './policy.ts';
import { withRemedy } from './remedy.ts';

/*
 * What policies that count requests are told in the same words. What means something else in each, they describe themselves.
 */

const ways = 'write ip, consumer, route, header:<name>, claim:<name> or param:<name>';

const notByThat =
  (remedy: string) =>
  (issue: { readonly input?: unknown }): string =>
    withRemedy(`${JSON.stringify(issue.input)} is nothing to tell requests apart by`, remedy);

const part = z
  .string()
  .regex(/^(?:ip|consumer|route|(?:header|claim|param):.{1,200})$/, { error: notByThat(ways) });

/** By what requests are told apart: see `compileKey`. */
export const byOption = z.union([part, z.array(part).min(1).max(5)], {
  error: notByThat(`${ways}, or a list of them`),
});

/** Names stand in header fields and in labels of metrics. */
export const countingName = z
  .string()
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_.-]*$/, {
    error: () =>
      withRemedy('this is not the name of a limit', 'write letters, digits, hyphens, dots and underscores'),
  });

const method = z.string().regex(/^[A-Z][A-Z-]{0,31}$/, {
  error: (issue) =>
    withRemedy(`${JSON.stringify(issue.input)} is not a method`, 'write it in capitals, such as POST'),
});

export const methodsOption = z
  .array(method)
  .min(1)
  .max(50)
  .optional()
  .describe('Only requests with these methods are counted, and refused. Without it: all.');

export const missingOption = z
  .enum(['ip', 'skip'])
  .default('ip')
  .describe(
    'What becomes of a request that lacks what `by` names: counted by its address (`ip`), or not at all (`skip`). Without it: ip.',
  );

export const dryRunOption = z
  .boolean()
  .default(false)
  .describe('Whether what would be refused is only logged and counted. Without it: no.');

export const limitHeadersOption = z
  .enum(['draft', 'x-ratelimit', 'none'])
  .default('draft')
  .describe(
    'In which headers clients are told what is left: `RateLimit` and `RateLimit-Policy` of the IETF draft, the older `X-RateLimit-*`, or none. Without it: draft.',
  );

export const onStoreErrorOption = z
  .enum(['local', 'allow', 'deny'])
  .optional()
  .describe(
    'What becomes of requests while Redis is slow or gone: counted in this process (`local`), let pass uncounted (`allow`), or answered 503 (`deny`). Without it: local.',
  );

const statusMistake = (issue: { readonly input?: unknown }): string =>
  withRemedy(
    `${JSON.stringify(issue.input)} is not a status`,
    'write a status such as 401, or a class such as 5xx',
  );

const status = z.union([z.int().min(100).max(599), z.string().regex(/^[1-5]xx$/, { error: statusMistake })], {
  error: statusMistake,
});

/** The statuses of the answers whose requests are counted. */
export const countedStatuses = z.array(status).min(1).max(50);

/** Whether an answer has one of these statuses. */
export function statusMatcher(statuses: z.output<typeof countedStatuses>): (status: number) => boolean {
  const matching = new Set(statuses);
  return (each) => matching.has(each) || matching.has(`${Math.floor(each / 100)}xx`);
}

/** Which instances of a policy count together: those of one name, all of one in the list for every route, or those of one route. */
export function scopeOf(
  { name }: { readonly name?: string | undefined },
  { onEveryRoute, routeName }: Pick<Setup, 'onEveryRoute' | 'routeName'>,
): string {
  if (name !== undefined) return `name ${name}`;
  return onEveryRoute ? 'every route' : `route ${routeName}`;
}
