/** The least time between two looks of which the first has found something, in milliseconds. */
const BETWEEN_FINDS = 1000;

/**
 * When the next look for an unknown key may begin. Anybody can name keys that do not exist, so a look in vain is followed by a
 * cool-down. One that has found a new key was no such thing: the next may follow soon, as issuers may publish several in a row.
 */
export class LookTimes {
  readonly #cooldown: number;
  #begun = -Infinity;
  #inVain = false;

  /** @param cooldown milliseconds. */
  constructor(cooldown: number) {
    this.#cooldown = cooldown;
  }

  /** When the next look may begin, on the monotonic clock. */
  get next(): number {
    return this.#begun + (this.#inVain ? this.#cooldown : Math.min(this.#cooldown, BETWEEN_FINDS));
  }

  /** A look begins; it counts as one in vain until it has found something. */
  begin(now: number): void {
    this.#begun = now;
    this.#inVain = true;
  }

  /** The look has found a key that was not known. */
  foundNew(): void {
    this.#inVain = false;
  }
}
