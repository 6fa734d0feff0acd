import { statusMatcher } from '../../core/counting-options.ts';
import type { Exchange, Reply } from '../../core/exchange.ts';
import { limitFields } from '../../core/limit-fields.ts';
import type { LimitEffect } from '../../core/limits.ts';
import { definePolicy, type ExplainedStep } from '../../core/policy.ts';
import { RareLine } from '../../core/rare-line.ts';
import { options } from './options.ts';
import type { QuotaDecision } from './period-limits.ts';
import { type Asked, QuotaAccount, refusal } from './quota-account.ts';

/** Milliseconds between two lines of the log about what would have been refused. */
const LOG_INTERVAL = 1000;

/** Refuses requests beyond what a day, week or month of the calendar allows with 429 (`quota_exceeded`). */
export const quota = definePolicy({
  name: 'quota',
  description: 'Refuses requests beyond so many a day, week or month of the calendar.',
  options,
  create(written, setup) {
    const { clock, logger, routeName } = setup;
    const { methods, statuses, dryRun } = written;
    const account = new QuotaAccount(written, setup);
    const effect: LimitEffect = statuses === undefined ? 'take' : 'peek';
    const isCharged = statuses === undefined ? undefined : statusMatcher(statuses);
    // Who only watches tells clients nothing.
    const write = dryRun ? undefined : limitFields(written.headers, setup);
    const keeps = write !== undefined || isCharged !== undefined;
    const place = Symbol('quota');
    const watched = new RareLine(LOG_INTERVAL, clock);

    const isCounted = ({ request: { method } }: Exchange): boolean => methods?.includes(method) ?? true;

    function judge(exchange: Exchange, asked: Asked, decision: QuotaDecision): Reply | undefined {
      if (keeps && typeof decision.ruling === 'object')
        exchange.state.set(place, { asked, decision } satisfies Kept);
      const reply = account.judge(exchange, decision);
      if (!dryRun || reply === undefined) return reply;
      const requests = watched.due();
      if (requests > 0)
        logger.info({ route: routeName, requests }, 'requests beyond a quota that only watches');
      return undefined;
    }

    function charge(kept: Kept): void {
      const charged = account.decide(kept.asked, 'charge');
      if (charged instanceof Promise) {
        charged.catch((error: unknown) => logger.warn({ err: error }, 'a request could not be counted'));
      } else if (typeof charged.ruling === 'object') kept.decision = charged;
    }

    return {
      onRequest(exchange) {
        if (!isCounted(exchange)) return undefined;
        const asked = account.ask(exchange);
        if (asked === undefined) return undefined;
        const decision = account.decide(asked, effect);
        if (decision instanceof Promise) return decision.then((made) => judge(exchange, asked, made));
        return judge(exchange, asked, decision);
      },

      onResponse(exchange, head) {
        const kept = exchange.state.get(place) as Kept | undefined;
        if (kept === undefined || typeof kept.decision.ruling !== 'object') return;
        // Of what is refused nothing is counted, nor of what only would have been.
        if (isCharged?.(head.status) === true && kept.decision.ruling.allowed) charge(kept);
        const { limits, ruling } = kept.decision;
        if (typeof ruling === 'object') write?.(head.headers, limits, ruling);
      },

      async explain(exchange): Promise<ExplainedStep> {
        if (!isCounted(exchange)) return { notes: [`${exchange.request.method} is not counted`] };
        const asked = account.ask(exchange);
        if (asked === undefined) return { notes: [`${account.describe(exchange)}: not counted`] };
        const by = `counted by ${account.describe(exchange)}`;
        if (account.isShared) return { notes: [by, ...account.notes(asked, undefined), ...account.place()] };
        const { ruling } = await account.decide(asked, 'peek');
        if (typeof ruling !== 'object') return { notes: [by] };
        const reply = dryRun || ruling.allowed ? undefined : refusal(exchange, ruling);
        return { reply, notes: [by, ...account.notes(asked, ruling)] };
      },
    };
  },
});

/** What an exchange has between the phases of the policy. */
interface Kept {
  readonly asked: Asked;
  decision: QuotaDecision;
}
