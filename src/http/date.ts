/**
 * A date as HTTP writes it, e.g. `Sun, 06 Nov 1994 08:49:37 GMT` (IMF-fixdate, RFC 9110 §5.6.7).
 *
 * @param ms milliseconds since the epoch.
 * @throws RangeError when that is not a date of the years 0 to 9999.
 */
export function httpDate(ms: number): string {
  const date = new Date(ms);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999))
    throw new RangeError(`${ms} ms since the epoch is not a date of the years 0 to 9999`);
  return date.toUTCString();
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
/** The three forms of RFC 9110 §5.6.7, names in any case; behind each, where day, month, year and time of day stand. */
const forms = [
  { pattern: /^[A-Z]{3}, (\d\d) ([A-Z]{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/i, order: [1, 2, 3, 4, 5, 6] },
  { pattern: /^[A-Z]{6,9}, (\d\d)-([A-Z]{3})-(\d\d) (\d\d):(\d\d):(\d\d) GMT$/i, order: [1, 2, 3, 4, 5, 6] },
  { pattern: /^[A-Z]{3} ([A-Z]{3}) ([ \d]\d) (\d\d):(\d\d):(\d\d) (\d{4})$/i, order: [2, 1, 6, 3, 4, 5] },
] as const;

/**
 * Reads a date of HTTP: IMF-fixdate, or one of the two obsolete forms (RFC 9110 §5.6.7).
 *
 * @param now milliseconds since the epoch; a year of two digits is at most 50 years ahead of it.
 * @returns milliseconds since the epoch, or undefined when the text is no such date.
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  for (const { pattern, order } of forms) {
    const found = pattern.exec(text);
    if (found === null) continue;
    const [day = '', month = '', year = '', hours = '', minutes = '', seconds = ''] = order.map(
      (index) => found[index],
    );
    const monthIndex = months.indexOf(month.toLowerCase());
    // Not `Date.UTC` with the year: that takes 0 to 99 for 1900 to 1999.
    const date =
      new Date(Date.UTC(2000, monthIndex, 1)).setUTCFullYear(fullYear(year, now), monthIndex, Number(day)) +
      Date.UTC(
        1970,
        0,
        1,
        Number(hours),
        Number(minutes),
        // A leap second is the last of its minute.
        Math.min(Number(seconds), 59),
      );
    const sound =
      monthIndex !== -1 &&
      new Date(date).getUTCDate() === Number(day) &&
      Number(hours) < 24 &&
      Number(minutes) < 60 &&
      Number(seconds) <= 60;
    return sound ? date : undefined;
  }
  return undefined;
}

function fullYear(digits: string, now: number): number {
  if (digits.length === 4) return Number(digits);
  const current = new Date(now).getUTCFullYear();
  const year = current - (current % 100) + Number(digits);
  return year > current + 50 ? year - 100 : year;
}

/** The current date for the `Date` header, formatted once a second. */
export class DateCache {
  readonly #now: () => number;
  #second = Number.NaN;
  #text = '';

  /** @param now milliseconds since the epoch; may jump. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** The date now, as {@link httpDate} writes it. */
  current(): string {
    const second = Math.floor(this.#now() / 1000);
    if (second !== this.#second) {
      this.#text = httpDate(second * 1000);
      this.#second = second;
    }
    return this.#text;
  }
}
