import type { Random } from '../core/random.ts';

/**
 * Ids of exchanges: unique over all gateways by a random beginning, unique in this one by a count. An id costs one string
 * concatenation; it is not a secret.
 */
export class RequestIds {
  readonly #prefix: string;
  #count = 0;

  constructor(random: Random) {
    this.#prefix = `${Buffer.from(random.bytes(9)).toString('base64url')}-`;
  }

  next(): string {
    return this.#prefix + (this.#count++).toString(36);
  }
}
