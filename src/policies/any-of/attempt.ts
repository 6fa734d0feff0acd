import type { Consumer, Exchange, Reply } from '../../core/exchange.ts';
import { problemReply } from '../../core/problem.ts';
import type { HeaderList } from '../../http/header-list.ts';

/** What one request had at first, and what became of it so far. */
export class Attempt {
  /** Who was known to be asking before, by a policy further up. */
  readonly consumer: Consumer | undefined;
  readonly #headers: HeaderList;
  readonly #query: string | undefined;
  readonly #refusals: Reply[] = [];

  constructor(exchange: Exchange) {
    const { request, consumer } = exchange;
    this.consumer = consumer;
    this.#headers = request.headers.copy();
    this.#query = request.query;
    exchange.consumer = undefined;
  }

  /** Whether nobody has found credentials, not even bad ones. */
  get isAnonymous(): boolean {
    return this.#refusals.every(({ anonymous }) => anonymous === true);
  }

  /** A policy has not let the request pass: the next one sees it as the first one did. */
  failed(exchange: Exchange, refusal: Reply | undefined): void {
    if (refusal !== undefined) this.#refusals.push(refusal);
    exchange.consumer = undefined;
    exchange.request.headers.restore(this.#headers);
    exchange.request.query = this.#query;
  }

  /** That of a policy that could not decide, or else one that says how to do better, in the words of all, and not why. */
  reply(exchange: Exchange): Reply {
    const undecided = this.#refusals.find(({ status }) => status >= 500);
    if (undecided !== undefined) return undecided;
    const challenges = new Set(this.#refusals.flatMap(challengesOf));
    const headers = [...challenges].map((challenge) => ['www-authenticate', challenge] as const);
    const detail = 'Valid credentials are needed.';
    return problemReply({ status: 401, detail, code: 'credentials_refused', headers }, exchange);
  }
}

function challengesOf({ headers = [] }: Reply): string[] {
  return [...headers]
    .filter(([name]) => name.toLowerCase() === 'www-authenticate')
    .map(([, challenge]) => challenge);
}
