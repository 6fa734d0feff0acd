import type { Exchange } from '../../core/exchange.ts';
import type { ExplainedStep, PolicyCounter, RequestVerdict, Setup } from '../../core/policy.ts';
import { Attempt } from './attempt.ts';
import { discardOthers } from './discard-others.ts';
import type { Part } from './parts.ts';
import { isPromise, type PartsHooks } from './parts-hooks.ts';

/** Asks the policies one after the other, until one of them says who is asking. */
export class Attempts {
  readonly #parts: readonly Part[];
  readonly #anonymousPass: boolean;
  readonly #anonymous: PolicyCounter;
  readonly #refused: PolicyCounter;

  /** @param anonymousPass whether requests without any credentials pass. */
  constructor(parts: readonly Part[], anonymousPass: boolean, { metrics }: Setup) {
    this.#parts = parts;
    this.#anonymousPass = anonymousPass;
    this.#anonymous = metrics.counter('anonymous', 'Requests without credentials that were let pass.');
    this.#refused = metrics.counter('refused', 'Requests that none of the policies let pass.');
  }

  /** The verdict on a request; a promise only where one of the policies has to be waited for. */
  run(exchange: Exchange, hooks: PartsHooks): RequestVerdict | Promise<RequestVerdict> {
    return this.#runFrom(0, exchange, new Attempt(exchange), hooks);
  }

  async explain(exchange: Exchange): Promise<ExplainedStep> {
    const attempt = new Attempt(exchange);
    const notes: string[] = [];
    for (const part of this.#parts) {
      const { reply, notes: own } = await explainPart(part, exchange);
      notes.push(...own.map((note) => `${part.name}: ${note}`));
      if (this.#hasPassed(reply, part, exchange, attempt)) {
        notes.push(`${part.name} lets it pass`);
        return { notes };
      }
      if (own.length === 0) notes.push(`${part.name} does not let it pass`);
    }
    const reply = this.#end(exchange, attempt) ?? undefined;
    if (reply === undefined) notes.push('there are no credentials: it passes as anonymous');
    return { reply, notes };
  }

  #runFrom(
    first: number,
    exchange: Exchange,
    attempt: Attempt,
    hooks: PartsHooks,
  ): RequestVerdict | Promise<RequestVerdict> {
    const parts = this.#parts;
    for (let at = first; at < parts.length; at++) {
      const part = parts[at];
      if (part === undefined) break;
      hooks.reach(exchange, at);
      const verdict = part.instance.onRequest?.(exchange);
      if (isPromise(verdict)) return this.#wait(verdict, at, exchange, attempt, hooks);
      if (this.#hasPassed(verdict, part, exchange, attempt)) return undefined;
    }
    return this.#end(exchange, attempt);
  }

  async #wait(
    verdict: PromiseLike<RequestVerdict>,
    at: number,
    exchange: Exchange,
    attempt: Attempt,
    hooks: PartsHooks,
  ): Promise<RequestVerdict> {
    const part = this.#parts[at];
    if (part !== undefined && this.#hasPassed(await verdict, part, exchange, attempt)) return undefined;
    return this.#runFrom(at + 1, exchange, attempt, hooks);
  }

  /** A policy that lets a request pass without saying whose it is has found no credentials of its kind. */
  #hasPassed(verdict: RequestVerdict, part: Part, exchange: Exchange, attempt: Attempt): boolean {
    if (verdict !== undefined || exchange.consumer === undefined) {
      attempt.failed(exchange, verdict ?? undefined);
      return false;
    }
    discardOthers(part, this.#parts, exchange);
    part.passed.add();
    return true;
  }

  /** None of them knows who is asking. */
  #end(exchange: Exchange, attempt: Attempt): RequestVerdict {
    // Neither a service nor a log sees what nobody has verified.
    for (const { instance } of this.#parts) instance.discardCredentials?.(exchange);
    exchange.consumer = attempt.consumer;
    if (this.#anonymousPass && attempt.isAnonymous) {
      this.#anonymous.add();
      return undefined;
    }
    this.#refused.add();
    return attempt.reply(exchange);
  }
}

async function explainPart({ instance }: Part, exchange: Exchange): Promise<ExplainedStep> {
  if (instance.explain !== undefined) return instance.explain(exchange);
  return { reply: (await instance.onRequest?.(exchange)) ?? undefined, notes: [] };
}
