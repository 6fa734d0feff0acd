import type { Decider } from '../../core/limit-decider.ts';
import type { LimitRule } from '../../core/limits.ts';
import { PolicyOptionError } from '../../core/policy.ts';
import type { RateLimitOptions, WrittenLimits } from './options.ts';

/** The limits that hold for a request, and who counts against them. */
export interface LimitSet {
  /** The names of the limits, in the order of the states of a decision. */
  readonly names: readonly string[];
  readonly rules: readonly LimitRule[];
  readonly decider: Decider;
}

/** One limit as it is written, with its name. */
interface NamedLimit {
  readonly name: string;
  readonly algorithm: LimitRule['algorithm'];
  readonly limit: number;
  readonly window: number;
  readonly burst: number;
}

/**
 * The limits of everybody, or of a group.
 * @param group '' for everybody.
 * @throws PolicyOptionError when they make no sense together.
 */
export function compileLimits(options: RateLimitOptions, group: string): readonly NamedLimit[] {
  const path = group === '' ? [] : ['groups', group];
  const written = group === '' ? options : ofGroup(options, group);
  const limits = namedLimits(written, options, path);
  const names = limits.map(({ name }) => name);
  for (const [index, { name, burst }] of limits.entries()) {
    if (names.indexOf(name) !== index) {
      const found = `another limit of the list is called "${name}" as well`;
      throw new PolicyOptionError([...path, 'limits', index], found, 'give each a `name` of its own');
    }
    if (options.cost > burst) {
      const found = `no request would pass: each costs ${options.cost}, and "${name}" lets ${burst} pass at once`;
      throw new PolicyOptionError(['cost'], found, 'write a smaller cost, or a larger limit or burst');
    }
  }
  return limits;
}

/**
 * Opens the limits.
 * @param by what requests are told apart by.
 * @param open where they are counted.
 */
export function openLimits(
  limits: readonly NamedLimit[],
  by: string,
  scope: string,
  open: (rules: readonly LimitRule[]) => Decider,
): LimitSet {
  const rules = limits.map(({ name, ...limit }): LimitRule => {
    const id = JSON.stringify([scope, by, name, limit.algorithm, limit.limit, limit.window, limit.burst]);
    return { id, ...limit };
  });
  return { names: limits.map(({ name }) => name), rules, decider: open(rules) };
}

/** What a group does not say itself is as for everybody; but for the burst, which belongs to a limit. */
function ofGroup({ window, groups }: RateLimitOptions, group: string): WrittenLimits {
  const written = groups[group] ?? {};
  return written.limit === undefined ? written : { ...written, window: written.window ?? window };
}

function namedLimits(
  { limit, window, burst, limits }: WrittenLimits,
  { algorithm }: RateLimitOptions,
  path: readonly (string | number)[],
): readonly NamedLimit[] {
  const remedy = 'write a limit and a window, such as { limit: 100, window: 1m }, or several under `limits`';
  if (limits === undefined) {
    if (limit === undefined) throw new PolicyOptionError(path, 'there is no limit', remedy);
    if (window === undefined) throw new PolicyOptionError(path, `a limit of ${limit} has no window`, remedy);
    return [named({ limit, window, burst }, algorithm, path)];
  }
  if (limit !== undefined || window !== undefined || burst !== undefined) {
    const found = 'there are limits in two places';
    throw new PolicyOptionError([...path, 'limits'], found, 'put all of them into `limits`, or leave it out');
  }
  return limits.map((each, index) =>
    named(each, each.algorithm ?? algorithm, [...path, 'limits', index], each.name),
  );
}

function named(
  {
    limit,
    window,
    burst,
  }: { readonly limit: number; readonly window: number; readonly burst?: number | undefined },
  algorithm: LimitRule['algorithm'],
  path: readonly (string | number)[],
  name: string = windowName(window),
): NamedLimit {
  if (burst !== undefined && algorithm !== 'gcra') {
    const found = `${algorithm} knows no burst`;
    throw new PolicyOptionError([...path, 'burst'], found, 'leave it out, or count with gcra');
  }
  return { name, algorithm, limit, window, burst: burst ?? limit };
}

const unitNames: readonly (readonly [milliseconds: number, name: string, unit: string])[] = [
  [86_400_000, 'day', 'd'],
  [3_600_000, 'hour', 'h'],
  [60_000, 'minute', 'm'],
  [1000, 'second', 's'],
];

/** What a limit is called that has no name: `minute`, `15m`, `500ms`. */
function windowName(window: number): string {
  for (const [milliseconds, name, unit] of unitNames) {
    if (window === milliseconds) return name;
    if (window % milliseconds === 0) return `${window / milliseconds}${unit}`;
  }
  return `${window}ms`;
}
