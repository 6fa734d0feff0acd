import { type countedStatuses, statusMatcher } from './counting-options.ts';
import type { Exchange, Reply } from './exchange.ts';
import type { Ruling } from './limit-decider.ts';
import { limitFields, type NamedLimits } from './limit-fields.ts';
import type { LimitVerdicts } from './limit-verdicts.ts';
import type { LimitDecision, LimitEffect } from './limits.ts';
import type { ExplainedStep, PolicyInstance, Setup } from './policy.ts';
import type { z } from 'zod';

/** The limits of a request as they are at one moment; what else its account needs is the account's. */
export interface AskedLimits {
  readonly where: NamedLimits;
}

/** What requests are counted against. */
export interface LimitAccount<Asked extends AskedLimits> {
  /** What a request is counted against; undefined when it is not. */
  ask(exchange: Exchange): Asked | undefined;
  /** The same when the request is counted once more, as it is answered. */
  askAgain(asked: Asked): Asked;
  decide(asked: Asked, effect: LimitEffect): Ruling | Promise<Ruling>;
  /** What a request is counted by, for people. */
  describe(exchange: Exchange): string;
  /**
   * The limits of a request, and how they stand, for people.
   * @param decision undefined when it is not known.
   */
  notes(asked: Asked, decision: LimitDecision | undefined): readonly string[];
  /** Where requests are counted, for people; nothing when it is this process alone, which alone can say how limits stand. */
  place(): readonly string[];
  close?(): Promise<void>;
}

/** What the phases have to know. */
export interface LimitPhaseOptions {
  readonly methods?: readonly string[] | undefined;
  readonly statuses?: z.output<typeof countedStatuses> | undefined;
  readonly headers: 'draft' | 'x-ratelimit' | 'none';
  readonly dryRun: boolean;
}

/** What an exchange has between the phases. */
interface Kept<Asked> {
  asked: Asked;
  decision: LimitDecision;
}

/** The phases of a policy that counts requests against limits, refuses those beyond them, and tells clients how they stand. */
export function limitPhases<Asked extends AskedLimits>(
  { methods, statuses, headers, dryRun }: LimitPhaseOptions,
  account: LimitAccount<Asked>,
  verdicts: LimitVerdicts,
  setup: Pick<Setup, 'clock' | 'logger'>,
): PolicyInstance {
  const effect: LimitEffect = statuses === undefined ? 'take' : 'peek';
  const isCharged = statuses === undefined ? undefined : statusMatcher(statuses);
  // Who only watches tells clients nothing.
  const write = dryRun ? undefined : limitFields(headers, setup);
  const keeps = write !== undefined || isCharged !== undefined;
  const place = Symbol('limits');

  const isCounted = ({ request: { method } }: Exchange): boolean => methods?.includes(method) ?? true;

  function judge(exchange: Exchange, asked: Asked, ruling: Ruling): Reply | undefined {
    if (keeps && typeof ruling === 'object')
      exchange.state.set(place, { asked, decision: ruling } satisfies Kept<Asked>);
    return verdicts.judge(exchange, asked.where, ruling);
  }

  function charge(kept: Kept<Asked>): void {
    const asked = account.askAgain(kept.asked);
    const charged = account.decide(asked, 'charge');
    if (charged instanceof Promise) {
      charged.catch((error: unknown) => setup.logger.warn({ err: error }, 'a request could not be counted'));
    } else if (typeof charged === 'object') {
      kept.asked = asked;
      kept.decision = charged;
    }
  }

  return {
    onRequest(exchange) {
      if (!isCounted(exchange)) return undefined;
      const asked = account.ask(exchange);
      if (asked === undefined) return undefined;
      const ruling = account.decide(asked, effect);
      if (ruling instanceof Promise) return ruling.then((made) => judge(exchange, asked, made));
      return judge(exchange, asked, ruling);
    },

    onResponse(exchange, head) {
      // What stands under a symbol of our own is ours.
      const kept = exchange.state.get(place) as Kept<Asked> | undefined;
      if (kept === undefined) return;
      // Of what is refused nothing is counted, nor of what only would have been.
      if (isCharged?.(head.status) === true && kept.decision.allowed) charge(kept);
      write?.(head.headers, kept.asked.where, kept.decision);
    },

    async explain(exchange): Promise<ExplainedStep> {
      if (!isCounted(exchange)) return { notes: [`${exchange.request.method} is not counted`] };
      const asked = account.ask(exchange);
      if (asked === undefined) return { notes: [`${account.describe(exchange)}: not counted`] };
      const by = `counted by ${account.describe(exchange)}`;
      const elsewhere = account.place();
      if (elsewhere.length > 0) return { notes: [by, ...account.notes(asked, undefined), ...elsewhere] };
      const ruling = await account.decide(asked, 'peek');
      if (typeof ruling !== 'object') return { notes: [by] };
      const reply = dryRun || ruling.allowed ? undefined : verdicts.refusal(exchange, ruling);
      return { reply, notes: [by, ...account.notes(asked, ruling)] };
    },

    close: () => account.close?.(),
  };
}
