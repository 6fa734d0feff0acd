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
