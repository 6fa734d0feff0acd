import type { Exchange, Reply } from '../../core/exchange.ts';
import type { Logger } from '../../core/logger.ts';
import type { PolicyCounter, Setup } from '../../core/policy.ts';
import { problemReply } from '../../core/problem.ts';
import { OTHERWISE } from './options.ts';
import type { Demand, Rule } from './rule.ts';

/** Why a request is refused. */
export interface Refused {
  /** Undefined when no rule is for its method. */
  readonly rule: Rule | undefined;
  /** What of the rule it does not meet. */
  readonly demand: Demand | undefined;
}

/** The answers to those who may not pass, and what the log and the metrics have of them. */
export class Refusals {
  readonly #logger: Logger;
  readonly #challenge: string;
  readonly #counters: ReadonlyMap<string, PolicyCounter>;

  /** @param challenge what those are told whom nobody knows. */
  constructor(rules: readonly Rule[], challenge: string, { logger, metrics }: Setup) {
    this.#logger = logger;
    this.#challenge = challenge;
    const names = [...rules.map(({ name }) => name), OTHERWISE];
    this.#counters = new Map(
      names.map((rule) => [rule, metrics.counter('refused', 'Requests that a rule refused.', { rule })]),
    );
  }

  /** Counts a refusal and logs it. */
  note({ id, routeName, consumer }: Exchange, { rule }: Refused): void {
    const name = rule?.name ?? OTHERWISE;
    this.#counters.get(name)?.add();
    this.#logger.info(
      { requestId: id, route: routeName, policy: 'authorize', rule: name, consumer: consumer?.id },
      'a request was refused',
    );
  }

  /** The answer: 401 to those of whom a rule has to know who they are, 403 to all others. */
  answer(exchange: Exchange, { rule, demand }: Refused): Reply {
    const { consumer } = exchange;
    if (consumer === undefined && rule?.asksWho === true) {
      const detail = 'This needs to know who is asking.';
      const headers = [['www-authenticate', this.#challenge]] as const;
      return problemReply({ status: 401, code: 'consumer_unknown', detail, headers }, exchange);
    }
    const problem = {
      ...{ status: 403, code: 'not_allowed', detail: 'This is not allowed.' },
      members: { rule: rule?.name ?? OTHERWISE },
    };
    // Only who came with a token has scopes at all, and can get one with more of them (RFC 6750 §3.1).
    if (demand !== 'scopes' || consumer?.scopes === undefined) return problemReply(problem, exchange);
    const challenge = `Bearer error="insufficient_scope", scope="${rule?.scopes.join(' ') ?? ''}"`;
    return problemReply({ ...problem, headers: [['www-authenticate', challenge]] }, exchange);
  }
}
