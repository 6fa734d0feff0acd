import { statusMatcher } from '../../core/counting-options.ts';
import type { Exchange, Reply } from '../../core/exchange.ts';
import type { Ruling } from '../../core/limit-decider.ts';
import { limitFields } from '../../core/limit-fields.ts';
import type { LimitDecision, LimitEffect } from '../../core/limits.ts';
import { definePolicy, type ExplainedStep } from '../../core/policy.ts';
import { Counting, type Asked } from './counting.ts';
import { options } from './options.ts';

/** Refuses requests that come too often with 429 (`rate_limited`), and tells clients how much is left. */
export const rateLimit = definePolicy({
  name: 'rate-limit',
  description: 'Refuses requests that come too often.',
  options,
  create(written, setup) {
    const { logger } = setup;
    const { methods, statuses, dryRun } = written;
    const counting = new Counting(written, setup);
    const effect: LimitEffect = statuses === undefined ? 'take' : 'peek';
    const isCounted = statuses === undefined ? undefined : statusMatcher(statuses);
    // Who only watches tells clients nothing.
    const write = dryRun ? undefined : limitFields(written.headers, setup);
    const keeps = write !== undefined || isCounted !== undefined;
    const place = Symbol('rate-limit');

    function judge(exchange: Exchange, asked: Asked, decision: Ruling): Reply | undefined {
      if (keeps && typeof decision === 'object')
        exchange.state.set(place, { asked, decision } satisfies Kept);
      const reply = counting.judge(exchange, asked, decision);
      return dryRun ? undefined : reply;
    }

    return {
      onRequest(exchange) {
        if (methods !== undefined && !methods.includes(exchange.request.method)) return undefined;
        const asked = counting.ask(exchange);
        if (asked === undefined) return undefined;
        const decision = counting.decide(asked, effect);
        if (decision instanceof Promise) return decision.then((made) => judge(exchange, asked, made));
        return judge(exchange, asked, decision);
      },

      onResponse(exchange, head) {
        const kept = exchange.state.get(place) as Kept | undefined;
        if (kept === undefined) return;
        // Of what is refused nothing is counted, nor of what only would have been.
        if (isCounted?.(head.status) === true && kept.decision.allowed) {
          const charged = counting.decide(kept.asked, 'charge');
          if (charged instanceof Promise) {
            charged.catch((error: unknown) => logger.warn({ err: error }, 'a request could not be counted'));
          } else if (typeof charged === 'object') kept.decision = charged;
        }
        write?.(head.headers, kept.asked.set, kept.decision);
      },

      close: () => counting.close(),

      async explain(exchange): Promise<ExplainedStep> {
        const { method } = exchange.request;
        if (methods !== undefined && !methods.includes(method))
          return { notes: [`${method} is not counted`] };
        const asked = counting.ask(exchange);
        if (asked === undefined) return { notes: [`${counting.describe(exchange)}: not counted`] };
        const by = `counted by ${counting.describe(exchange)}`;
        if (counting.isShared)
          return { notes: [by, ...counting.notes(asked, undefined), ...counting.place()] };
        const decision = await counting.decide(asked, 'peek');
        if (typeof decision !== 'object') return { notes: [by] };
        const reply = dryRun || decision.allowed ? undefined : counting.refusal(exchange, decision);
        return {
          reply,
          notes: [by, ...counting.notes(asked, decision)],
        };
      },
    };
  },
});

/** What an exchange has between the phases of the policy. */
interface Kept {
  readonly asked: Asked;
  decision: LimitDecision;
}
