import { hash } from 'node:crypto';
import { BoundedCalls } from '../../core/bounded-calls.ts';
import type { Clock } from '../../core/clock.ts';
import type { FetchedAnswer } from '../../core/fetch.ts';
import { messageOf } from '../../core/message-of.ts';
import type { Setup } from '../../core/policy.ts';
import { RareLine } from '../../core/rare-line.ts';
import { Remembered } from '../../core/remembered.ts';
import type { Shareable } from '../../core/shared.ts';
import { authorizationOf } from './client-credentials.ts';
import type { IntrospectionOptions } from './options.ts';
import { readAnswer, unavailable, type Verdict } from './read-answer.ts';

/** The largest answer, in octets: claims of one token. */
const MAX_BYTES = 64 * 1024;

/** Milliseconds between two lines that say that the endpoint cannot be relied on. */
const WARN_INTERVAL = 10_000;

/** The room for an answer that is remembered, in octets, on average. */
const ENTRY_SIZE = 4096;

type Kept = Exclude<Verdict, { readonly kind: 'unavailable' }>;

/** The endpoint that knows tokens: what it said a moment ago, how many at a time it is asked about, and whether it answers. */
export class TokenEndpoint implements Shareable {
  readonly #options: IntrospectionOptions;
  readonly #setup: Setup;
  readonly #clock: Clock;
  readonly #authorization: string;
  readonly #calls: BoundedCalls<Verdict>;
  /** Both by digest. Refused tokens have room of their own: whoever invents tokens must not push the good ones out. */
  readonly #active: Remembered<Kept>;
  readonly #refused: Remembered<Kept>;
  readonly #warning: RareLine;

  /** @throws PolicyOptionError when the gateway has nothing to say who it is. */
  constructor(options: IntrospectionOptions, setup: Setup) {
    this.#options = options;
    this.#setup = setup;
    this.#clock = setup.clock;
    this.#authorization = authorizationOf(options);
    this.#calls = new BoundedCalls(options, setup.clock);
    this.#warning = new RareLine(WARN_INTERVAL, setup.clock);
    const { maxEntries: entries } = options.cache;
    this.#active = new Remembered({ entries, octets: entries * ENTRY_SIZE, sizeOf }, this.#clock);
    this.#refused = new Remembered({ entries }, this.#clock);
  }

  /** What the endpoint said of the very same token a moment ago, if that still holds. */
  recall(token: string): Kept | undefined {
    const digest = digestOf(token);
    const found = this.#active.get(digest) ?? this.#refused.get(digest);
    if (found?.kind !== 'active' || this.#clock.now() < found.ends) return found;
    this.#active.delete(digest);
    return undefined;
  }

  /** Asks about a token, once for all who bring the same. Never rejects. */
  async ask(token: string): Promise<Verdict> {
    const digest = digestOf(token);
    try {
      return await this.#calls.ask(digest, async (timeout) => {
        const verdict = await this.#fetch(token, timeout);
        if (verdict.kind !== 'unavailable') this.#remember(digest, verdict);
        return verdict;
      });
    } catch (error) {
      return this.#noAnswer(messageOf(error));
    }
  }

  /** Asks whatever it said before, and remembers nothing. Never rejects. */
  async explain(token: string): Promise<Verdict> {
    try {
      return await this.#fetch(token, this.#options.timeout);
    } catch (error) {
      return unavailable(messageOf(error));
    }
  }

  close(): void {
    this.#active.clear();
    this.#refused.clear();
  }

  async #fetch(token: string, timeout: number): Promise<Verdict> {
    const answer = await this.#post(token, timeout);
    const verdict = readAnswer(answer, this.#options, this.#clock.now());
    return verdict.kind === 'unavailable' ? this.#noAnswer(verdict.reason) : verdict;
  }

  /** RFC 7662 §2.1 */
  #post(token: string, timeout: number): Promise<FetchedAnswer> {
    return this.#setup.fetch(this.#options.url, {
      ...{ timeout, maxBytes: MAX_BYTES, method: 'POST' },
      headers: [
        ['Accept', 'application/json'],
        ['Authorization', this.#authorization],
        ['Content-Type', 'application/x-www-form-urlencoded'],
      ],
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
    });
  }

  #noAnswer(reason: string): Verdict {
    if (this.#warning.due() > 0) {
      const { host, pathname } = new URL(this.#options.url);
      this.#setup.logger.warn(
        { policy: 'introspection', endpoint: host + pathname, reason },
        'the introspection endpoint cannot be relied on; tokens that are not remembered are answered 503',
      );
    }
    return unavailable(reason);
  }

  #remember(digest: string, verdict: Kept): void {
    const { for: active, inactiveFor } = this.#options.cache;
    if (verdict.kind === 'refused') this.#refused.set(digest, verdict, inactiveFor);
    else this.#active.set(digest, verdict, active);
  }
}

/** What is kept of an answer, in octets, roughly. */
function sizeOf(verdict: Kept): number {
  return verdict.kind === 'active' ? verdict.size + 500 : 500;
}

function digestOf(token: string): string {
  return hash('sha256', token, 'base64');
}
