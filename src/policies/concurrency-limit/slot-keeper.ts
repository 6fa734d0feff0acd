import { type Counted, CountedBy } from '../../core/counted-by.ts';
import { scopeOf } from '../../core/counting-options.ts';
import type { Exchange } from '../../core/exchange.ts';
import type { Setup } from '../../core/policy.ts';
import type { Slot, SlotPool } from '../../core/slots.ts';
import type { ConcurrencyLimitOptions } from './options.ts';

/** The slots of everybody or of a group. */
interface GroupSlots {
  readonly pool: SlotPool;
  readonly limit: number;
}

/** Where an exchange is counted. */
export type Asked = Counted<GroupSlots>;

/** Finds out whose slots an exchange needs, and takes them. */
export class SlotKeeper {
  readonly #countedBy: CountedBy<GroupSlots>;
  readonly #queue: number;

  /** @throws PolicyOptionError when the options make no sense together. */
  constructor(options: ConcurrencyLimitOptions, setup: Setup) {
    const { methods = [], dryRun, groups } = options;
    // Who only watches lets nobody wait.
    this.#queue = dryRun ? 0 : options.queue.size;
    const scope = scopeOf(options, setup);
    this.#countedBy = new CountedBy(options, setup, (group, by) => ({
      // Without the limit: exchanges that are under way at a reload count against the new one as well.
      pool: setup.slots.pool(JSON.stringify([scope, by, group, methods, dryRun])),
      limit: groups[group]?.limit ?? options.limit,
    }));
  }

  /** Where an exchange is counted; undefined when it is not. */
  ask(exchange: Exchange): Asked | undefined {
    return this.#countedBy.ask(exchange);
  }

  /** Takes a slot or a place in the queue. Nobody waits for what is done in the background: it takes no place from those who do. */
  take({ where: { pool, limit }, key }: Asked, { background }: Exchange): Slot | undefined {
    return pool.take(key, limit, background ? 0 : this.#queue);
  }

  /** What an exchange is counted by, for people. */
  describe(exchange: Exchange): string {
    return this.#countedBy.describe(exchange);
  }
}
