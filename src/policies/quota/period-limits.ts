import type { Decider, Ruling } from '../../core/limit-decider.ts';
import type { NamedLimits } from '../../core/limit-fields.ts';
import type { LimitDecision, LimitRule } from '../../core/limits.ts';
import { PolicyOptionError } from '../../core/policy.ts';
import type { Calendar, Period, PeriodKind } from './calendar.ts';
import type { QuotaOptions, WrittenQuota } from './options.ts';

/** One limit as it is written, with its name. */
export interface NamedQuota {
  readonly name: string;
  readonly limit: number;
  readonly period: PeriodKind;
}

/** Limits in the periods of one moment. */
export interface LimitsNow extends NamedLimits {
  /** In the order of the limits. */
  readonly periods: readonly Period[];
  readonly decider: Decider;
  /** All of the periods hold from here to there. */
  readonly from: number;
  readonly until: number;
}

const DAY = 86_400_000;
/** How long a count is kept beyond its period: as far as the clocks of gateways and of Redis may be apart. */
const MARGIN = DAY;
/** Longer than any period with its margin. */
const LEAST_WINDOW = 64 * DAY;

/**
 * The limits of everybody, or of a group.
 * @param group '' for everybody.
 * @throws PolicyOptionError when they make no sense together.
 */
export function compileQuotas(options: QuotaOptions, group: string): readonly NamedQuota[] {
  const path = group === '' ? [] : ['groups', group];
  const quotas = namedQuotas(group === '' ? options : ofGroup(options, group), path);
  const names = quotas.map(({ name }) => name);
  for (const [index, { name, limit }] of quotas.entries()) {
    if (names.indexOf(name) !== index) {
      const found = `another limit of the list is called "${name}" as well`;
      throw new PolicyOptionError([...path, 'limits', index], found, 'give each a `name` of its own');
    }
    if (options.cost > limit) {
      const found = `no request would pass: each costs ${options.cost}, and "${name}" is ${limit}`;
      throw new PolicyOptionError(['cost'], found, 'write a smaller cost, or a larger limit');
    }
  }
  return quotas;
}

/** Limits that begin anew with each period of the calendar. */
export class PeriodLimits {
  readonly quotas: readonly NamedQuota[];
  readonly #calendar: Calendar;
  readonly #id: string;
  readonly #open: (rules: readonly LimitRule[]) => Decider;
  #current: LimitsNow | undefined;

  /**
   * @param id whose counts these are: all that they depend on but the limits, which may change in the middle of a period.
   * @param open where they are counted.
   */
  constructor(
    quotas: readonly NamedQuota[],
    calendar: Calendar,
    id: string,
    open: (rules: readonly LimitRule[]) => Decider,
  ) {
    this.quotas = quotas;
    this.#calendar = calendar;
    this.#id = id;
    this.#open = open;
  }

  /**
   * The limits of a moment: opened with the first request of a period, or when the clock has been set.
   * @param now milliseconds since the epoch.
   */
  at(now: number): LimitsNow {
    const current = this.#current;
    if (current !== undefined && current.from <= now && now < current.until) return current;
    const periods = this.quotas.map(({ period }) => this.#calendar.periodAt(period, now));
    const rules = this.quotas.map(({ name, limit, period }, i): LimitRule => {
      const { start, end } = periods[i] as Period;
      const id = JSON.stringify(['quota', this.#id, name, period, start]);
      return { id, algorithm: 'fixed-window', limit, burst: limit, window: windowAround(end) };
    });
    return (this.#current = {
      periods,
      names: this.quotas.map(({ name }) => name),
      rules: this.quotas.map(({ limit }, i) => ({ limit, window: lengthOf(periods[i] as Period) })),
      decider: this.#open(rules),
      from: Math.max(...periods.map(({ start }) => start)),
      until: Math.min(...periods.map(({ end }) => end)),
    });
  }
}

/**
 * A window for a count that must not begin anew before its period is over, nor stay for long after that: fixed windows begin at the multiples of
 * their length since the epoch, and one of its multiples is the end of the period and the margin, to within a second. It is so long
 * that the one before is in front of the period. The period itself is in the rule's id.
 */
export function windowAround(end: number): number {
  const last = end + MARGIN;
  return Math.ceil(last / Math.floor(last / LEAST_WINDOW));
}

/**
 * A decision with the times of the periods: the store's are those of its windows.
 * @param now when it was asked for, in milliseconds since the epoch.
 */
export function timed(ruling: Ruling, periods: readonly Period[], now: number): Ruling {
  if (typeof ruling !== 'object') return ruling;
  const states = ruling.states.map(({ allowed, remaining, reset }, i) => {
    const left = (periods[i]?.end ?? now) - now;
    const isUsed = reset > 0;
    return {
      ...{ allowed, remaining },
      more: isUsed ? left : 0,
      reset: isUsed ? left : 0,
      retryAfter: allowed ? 0 : left,
    };
  });
  return { allowed: ruling.allowed, states } satisfies LimitDecision;
}

function lengthOf({ start, end }: Period): number {
  return end - start;
}

/** What a group does not say itself is as for everybody. */
function ofGroup({ period, groups }: QuotaOptions, group: string): WrittenQuota {
  const written = groups[group] ?? {};
  return written.limit === undefined ? written : { ...written, period: written.period ?? period };
}

function namedQuotas(
  { limit, period, limits }: WrittenQuota,
  path: readonly (string | number)[],
): readonly NamedQuota[] {
  const remedy =
    'write a limit and a period, such as { limit: 1000, period: day }, or several under `limits`';
  if (limits === undefined) {
    if (limit === undefined) throw new PolicyOptionError(path, 'there is no limit', remedy);
    if (period === undefined) throw new PolicyOptionError(path, `a limit of ${limit} has no period`, remedy);
    return [{ name: period, limit, period }];
  }
  if (limit !== undefined || period !== undefined) {
    const found = 'there are limits in two places';
    throw new PolicyOptionError([...path, 'limits'], found, 'put all of them into `limits`, or leave it out');
  }
  return limits.map((each) => ({ ...each, name: each.name ?? each.period }));
}
