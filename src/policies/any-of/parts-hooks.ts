import type { Exchange, ResponseHead } from '../../core/exchange.ts';
import type { Part } from './parts.ts';

/** The later phases of the policies that were tried: of those that were reached only, the last one first. */
export class PartsHooks {
  readonly #parts: readonly Part[];
  /** Whether it matters how many were reached: the first one always is. */
  readonly #counts: boolean;
  readonly #key = Symbol('policies of any-of that were reached');

  constructor(parts: readonly Part[]) {
    this.#parts = parts;
    this.#counts = parts
      .slice(1)
      .some(({ instance }) => instance.onResponse !== undefined || instance.onFinish !== undefined);
  }

  /** Notes that a policy is about to be asked. */
  reach(exchange: Exchange, at: number): void {
    if (this.#counts) exchange.state.set(this.#key, at + 1);
  }

  onResponse(exchange: Exchange, head: ResponseHead): void | Promise<void> {
    return this.#respond(this.#lastReached(exchange), exchange, head);
  }

  /**
   * Nobody's failure keeps the others from finishing.
   * @returns a promise where one of them has returned one, so that its failure is heard of.
   */
  onFinish(exchange: Exchange): unknown {
    const failures: unknown[] = [];
    const waiting: Promise<unknown>[] = [];
    for (let at = this.#lastReached(exchange); at >= 0; at--) {
      try {
        const result: unknown = this.#parts[at]?.instance.onFinish?.(exchange);
        if (isPromise(result)) waiting.push(Promise.resolve(result));
      } catch (error) {
        failures.push(error);
      }
    }
    if (waiting.length > 0)
      return Promise.all(waiting).then(() => {
        if (failures.length > 0) throw failures[0];
      });
    if (failures.length > 0) throw failures[0];
    return undefined;
  }

  #respond(from: number, exchange: Exchange, head: ResponseHead): void | Promise<void> {
    for (let at = from; at >= 0; at--) {
      const waiting = this.#parts[at]?.instance.onResponse?.(exchange, head);
      if (isPromise(waiting))
        return Promise.resolve(waiting).then(() => this.#respond(at - 1, exchange, head));
    }
    return undefined;
  }

  #lastReached(exchange: Exchange): number {
    const reached = this.#counts ? exchange.state.get(this.#key) : 1;
    return typeof reached === 'number' ? reached - 1 : -1;
  }
}

/** Whether something has to be waited for; a policy may return a promise of any kind. */
export function isPromise<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
