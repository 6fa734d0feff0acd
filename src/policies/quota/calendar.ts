/** A day, a week from Monday on, or a month of the calendar. */
export type PeriodKind = 'day' | 'week' | 'month';

/** A piece of time, in milliseconds since the epoch. The end is the beginning of the next one. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

/** A date of the calendar: what `Date.UTC` takes, months from 0 on; days beyond a month's are those of the next. */
type CalendarDate = readonly [year: number, month: number, day: number];

const DAY = 86_400_000;

/** Whether this is the name of a time zone, such as `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  // Offsets such as +01:00 are none: no place has them all year for sure, and what one means is a place.
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/**
 * The calendar of a place. Days begin with the first moment of their date there: on some that is one o'clock, for clocks go forward at
 * midnight. They have 23 or 25 hours where clocks are changed.
 */
export class Calendar {
  readonly #format: Intl.DateTimeFormat;

  /** @throws RangeError when there is no time zone of that name. */
  constructor(timeZone: string) {
    this.#format = new Intl.DateTimeFormat('en-US', {
      ...{ timeZone, calendar: 'gregory', numberingSystem: 'latn', hourCycle: 'h23', era: 'short' },
      ...{ year: 'numeric', month: 'numeric', day: 'numeric' },
      ...{ hour: 'numeric', minute: 'numeric', second: 'numeric' },
    });
  }

  /** The period of that kind in which a moment lies. */
  periodAt(kind: PeriodKind, now: number): Period {
    const local = new Date(this.#localAt(now));
    const [year, month, day] = [local.getUTCFullYear(), local.getUTCMonth(), local.getUTCDate()];
    if (kind === 'month') return this.#between([year, month, 1], [year, month + 1, 1]);
    if (kind === 'day') return this.#between([year, month, day], [year, month, day + 1]);
    const monday = day - ((local.getUTCDay() + 6) % 7);
    return this.#between([year, month, monday], [year, month, monday + 7]);
  }

  #between(first: CalendarDate, next: CalendarDate): Period {
    return { start: this.#startOf(first), end: this.#startOf(next) };
  }

  /** The first moment of a date. */
  #startOf(date: CalendarDate): number {
    const midnight = Date.UTC(...date);
    const moments = [midnight - DAY, midnight + DAY].map((near) => midnight - this.#offsetAt(near));
    const [early, late] = [Math.min(...moments), Math.max(...moments)];
    if (this.#localAt(early) === midnight) return early;
    if (this.#localAt(late) === midnight) return late;
    // There is no midnight on this date: the clocks are put forward over it, somewhere between these two.
    let [before, from] = [early - 1, late];
    while (from - before > 1) {
      const middle = Math.floor((before + from) / 2);
      if (this.#localAt(middle) >= midnight) from = middle;
      else before = middle;
    }
    return from;
  }

  /** Milliseconds by which the clocks there are ahead of UTC. */
  #offsetAt(moment: number): number {
    return this.#localAt(moment) - moment;
  }

  /** What the clocks there show, as if it were UTC. */
  #localAt(moment: number): number {
    const parts = { year: 0, month: 0, day: 0, hour: 0, minute: 0, second: 0 };
    for (const { type, value } of this.#format.formatToParts(moment)) {
      if (type in parts) parts[type as keyof typeof parts] = Number(value);
    }
    const { year, month, day, hour, minute, second } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second) + (moment - Math.floor(moment / 1000) * 1000);
  }
}
