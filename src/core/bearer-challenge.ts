import type { Exchange, Reply } from './exchange.ts';
import { problemReply } from './problem.ts';

/** The answers to those whose bearer token does not let them in (RFC 6750 §3, RFC 9728 §5.1). */
export class BearerChallenge {
  readonly #plain: string;
  readonly #invalid: string;

  /** @param resourceMetadata the URL that challenges name, if any. */
  constructor(resourceMetadata: string | undefined) {
    const named =
      resourceMetadata === undefined ? '' : `resource_metadata="${new URL(resourceMetadata).href}"`;
    this.#plain = `Bearer ${named}`.trimEnd();
    this.#invalid = `Bearer error="invalid_token"${named === '' ? '' : `, ${named}`}`;
  }

  /** RFC 6750 §3.1: who brought nothing is not told of an error. */
  missing(exchange: Exchange): Reply {
    const headers = [['www-authenticate', this.#plain]] as const;
    const problem = { status: 401, code: 'token_missing', detail: 'This needs a token.', headers };
    return { ...problemReply(problem, exchange), anonymous: true };
  }

  /** Who brought a token that is not good is told that, and never why. */
  invalid(exchange: Exchange): Reply {
    const headers = [['www-authenticate', this.#invalid]] as const;
    const problem = { status: 401, code: 'token_invalid', detail: 'The token is not valid.', headers };
    return problemReply(problem, exchange);
  }
}
