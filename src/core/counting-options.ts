import { z } from 'zod';
import type { Setup } from './policy.ts';
import { withRemedy } from './remedy.ts';

/*
 * What policies that count requests are told in the same words. Each describes its options itself.
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

/** The methods of the requests that are counted. */
export const countedMethods = z.array(method).min(1).max(50);

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
