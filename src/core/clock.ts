/** Time as the gateway sees it. Lent to policies, so that tests can hold it still. */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch; may jump. For dates and token expiry. */
  now(): number;
  /** Milliseconds from a fixed but unknown origin; never goes back. For durations and time-outs. */
  monotonic(): number;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
