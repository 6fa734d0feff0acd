import { z } from 'zod';
import type { Exchange, Reply } from './exchange.ts';
import { problemReply } from './problem.ts';

/** What a policy that asks for bearer tokens is told of those who bring none that is good. */
export const bearerOptions = {
  optional: z
    .boolean()
    .default(false)
    .describe('Whether requests without a token pass as anonymous; a bad token never does. Without it: no.'),
  resourceMetadata: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      'The URL that 401 answers name as `resource_metadata` (RFC 9728), where clients learn how to get a token. Without it: none is named.',
    ),
};

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
