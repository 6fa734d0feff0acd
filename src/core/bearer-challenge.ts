import type { Reply } from './exchange.ts';

/** What answers say to those whose bearer token does not let them in (RFC 6750 §3, RFC 9728 §5.1). */
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
  missing(reply: Reply): Reply {
    return { ...challenged(reply, this.#plain), anonymous: true };
  }

  /** Who brought a token that is not good is told that, and never why. */
  invalid(reply: Reply): Reply {
    return challenged(reply, this.#invalid);
  }
}

function challenged(reply: Reply, challenge: string): Reply {
  return { ...reply, headers: [...(reply.headers ?? []), ['www-authenticate', challenge]] };
}
