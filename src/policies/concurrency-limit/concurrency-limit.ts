import { startTimer } from '../../core/clock.ts';
import type { Exchange, Reply } from '../../core/exchange.ts';
import { definePolicy, type ExplainedStep, type Setup } from '../../core/policy.ts';
import { problemReply } from '../../core/problem.ts';
import { RareLine } from '../../core/rare-line.ts';
import type { Slot } from '../../core/slots.ts';
import { type ConcurrencyLimitOptions, options } from './options.ts';
import { type Asked, SlotKeeper } from './slot-keeper.ts';

/** Seconds after which a client may ask again: nobody knows when an exchange ends, but in a second some will have. */
const RETRY_AFTER = '1';

/** Milliseconds between two lines of the log about what would have been refused. */
const LOG_INTERVAL = 1000;

/** Lets so many exchanges be under way at the same moment, and refuses (`concurrency_limited`) or delays the others. */
export const concurrencyLimit = definePolicy({
  name: 'concurrency-limit',
  description: 'Limits how many exchanges are under way at the same moment.',
  options,
  create(written, setup) {
    const { methods, dryRun, queue } = written;
    const keeper = new SlotKeeper(written, setup);
    const counts = countsOf(written, setup);
    const status = written.status ?? (written.by === 'route' ? 503 : 429);
    const place = Symbol('concurrency-limit');

    const isCounted = ({ request: { method } }: Exchange): boolean => methods?.includes(method) ?? true;

    function refuse(exchange: Exchange, reason: 'full' | 'timeout'): Reply | undefined {
      counts.refused(reason);
      return dryRun ? undefined : refusal(exchange, status);
    }

    /** Waits for the slot of a place in the queue; `end` ends the waiting. */
    function wait(exchange: Exchange, slot: Slot): Promise<Reply | undefined> {
      counts.waiting.add(1);
      return new Promise((resolve) => {
        const settle = (reply?: Reply): void => {
          timer.cancel();
          counts.waiting.add(-1);
          exchange.state.set(place, { slot } satisfies Kept);
          resolve(reply);
        };
        const timer = startTimer(setup.clock, queue.timeout, () => {
          slot.release();
          settle(refuse(exchange, 'timeout'));
        });
        slot.onHeld = () => {
          counts.current.add(1);
          settle();
        };
        exchange.state.set(place, { slot, settle } satisfies Kept);
      });
    }

    return {
      onRequest(exchange) {
        if (!isCounted(exchange)) return undefined;
        const asked = keeper.ask(exchange);
        if (asked === undefined) return undefined;
        const slot = keeper.take(asked, exchange);
        if (slot === undefined) return refuse(exchange, 'full');
        if (!slot.isHeld) return wait(exchange, slot);
        counts.current.add(1);
        exchange.state.set(place, { slot } satisfies Kept);
        return undefined;
      },

      onFinish(exchange) {
        const kept = exchange.state.get(place) as Kept | undefined;
        if (kept === undefined) return;
        exchange.state.delete(place);
        if (kept.slot.isHeld) counts.current.add(-1);
        kept.slot.release();
        kept.settle?.();
      },

      explain(exchange): ExplainedStep {
        if (!isCounted(exchange)) return { notes: [`${exchange.request.method} is not counted`] };
        const asked = keeper.ask(exchange);
        if (asked === undefined) return { notes: [`${keeper.describe(exchange)}: not counted`] };
        return { notes: [`counted by ${keeper.describe(exchange)}`, noteOf(asked, written)] };
      },
    };
  },
});

/** What an exchange has from its request to its end. */
interface Kept {
  readonly slot: Slot;
  /** While it waits: ends the waiting. */
  readonly settle?: () => void;
}

function refusal(exchange: Exchange, status: 429 | 503): Reply {
  const detail = 'Too many requests are under way at the same moment; try again in a moment.';
  const headers = [['retry-after', RETRY_AFTER]] as const;
  return problemReply({ status, detail, code: 'concurrency_limited', headers }, exchange);
}

function noteOf({ where: { limit } }: Asked, { queue: { size, timeout } }: ConcurrencyLimitOptions): string {
  const then = size === 0 ? 'nobody waits' : `${size} more wait, ${timeout / 1000} s at most`;
  return `${limit} at the same moment, ${then}`;
}

/** What is counted about a policy. */
function countsOf({ dryRun }: ConcurrencyLimitOptions, { metrics, clock, logger, routeName }: Setup) {
  const [name, help] = dryRun
    ? ['would_refuse', 'Requests beyond a limit that only watches.']
    : ['refused', 'Requests refused because too many others were under way.'];
  const byReason = {
    full: metrics.counter(name, help, { reason: 'full' }),
    timeout: metrics.counter(name, help, { reason: 'timeout' }),
  };
  const watched = new RareLine(LOG_INTERVAL, clock);
  const watch = (): void => {
    const requests = watched.due();
    if (requests > 0)
      logger.info({ route: routeName, requests }, 'requests beyond a limit that only watches');
  };
  return {
    current: metrics.gauge('current', 'Exchanges that hold a slot.'),
    waiting: metrics.gauge('waiting', 'Requests that wait for a slot.'),
    refused(reason: keyof typeof byReason): void {
      byReason[reason].add();
      if (dryRun) watch();
    },
  };
}
