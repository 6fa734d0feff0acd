/**
 * Retries must not multiply the load on a service that is already failing: each request earns a fraction of a retry, each
 * retry costs one, and only a handful can be saved up.
 */
export class RetryBudget {
  /** A quiet upstream may still retry this often in a row. */
  static readonly #most = 10;
  #tokens = RetryBudget.#most;

  /** @param fraction of requests that may be retried, e.g. 0.2. */
  earn(fraction: number): void {
    this.#tokens = Math.min(RetryBudget.#most, this.#tokens + fraction);
  }

  /** Whether a retry may be made; it is paid for then. */
  spend(): boolean {
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }
}
