import { BearerChallenge } from '../../core/bearer-challenge.ts';
import type { Exchange, Reply } from '../../core/exchange.ts';
import type { Logger } from '../../core/logger.ts';
import type { PolicyCounter, Setup } from '../../core/policy.ts';
import { problemReply } from '../../core/problem.ts';

/** The answers to those who may not pass. Why not is in the log: a client could use it to find out how to. */
export class Refusals {
  readonly #logger: Logger;
  readonly #refused: PolicyCounter;
  readonly #unavailable: PolicyCounter;
  readonly #challenge: BearerChallenge;

  /** @param resourceMetadata the URL that challenges name (RFC 9728 §5.1), if any. */
  constructor(resourceMetadata: string | undefined, { logger, metrics }: Setup) {
    this.#logger = logger;
    this.#refused = metrics.counter('refused', 'Requests refused for want of a valid token.');
    this.#unavailable = metrics.counter(
      'unavailable',
      'Requests answered 503 because the keys to verify their token could not be had.',
    );
    this.#challenge = new BearerChallenge(resourceMetadata);
  }

  noToken(exchange: Exchange): Reply {
    this.#refused.add();
    return this.#challenge.missing(exchange);
  }

  badToken(exchange: Exchange, reason: string): Reply {
    this.#refused.add();
    this.#log(exchange, reason, 'a token was refused');
    return this.#challenge.invalid(exchange);
  }

  /** @param retryAfter milliseconds after which keys may be there. */
  noKeys(exchange: Exchange, reason: string, retryAfter: number): Reply {
    this.#unavailable.add();
    this.#log(exchange, reason, 'a token could not be verified');
    const detail = 'Tokens cannot be verified now; try again in a moment.';
    const headers = [['retry-after', String(Math.ceil(retryAfter / 1000))]] as const;
    return problemReply({ status: 503, code: 'keys_unavailable', detail, headers }, exchange);
  }

  #log({ id, routeName }: Exchange, reason: string, message: string): void {
    this.#logger.info({ requestId: id, route: routeName, policy: 'jwt', reason }, message);
  }
}
