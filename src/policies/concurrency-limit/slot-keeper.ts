import { scopeOf } from '../../core/counting-options.ts';
import type { Exchange } from '../../core/exchange.ts';
import type { Setup } from '../../core/policy.ts';
import { addressKey, compileKey, type RequestKey } from '../../core/request-key.ts';
import type { Slot, SlotPool } from '../../core/slots.ts';
import type { ConcurrencyLimitOptions } from './options.ts';

/** Where an exchange is counted. */
export interface Asked {
  readonly pool: SlotPool;
  readonly key: string;
  readonly limit: number;
}

/** The slots of everybody or of a group: for exchanges that have what `by` names, and for those that lack it. */
interface GroupSlots {
  readonly limit: number;
  readonly usual: SlotPool;
  /** Undefined when such exchanges are not counted. */
  readonly byAddress: SlotPool | undefined;
}

/** Finds out whose slots an exchange needs, and takes them. */
export class SlotKeeper {
  readonly #key: RequestKey;
  readonly #everybody: GroupSlots;
  readonly #groups: ReadonlyMap<string, GroupSlots>;
  readonly #queue: number;

  /** @throws PolicyOptionError when the options make no sense together. */
  constructor(options: ConcurrencyLimitOptions, setup: Setup) {
    const key = compileKey(options.by, setup);
    this.#key = key;
    // Who only watches lets nobody wait.
    this.#queue = options.dryRun ? 0 : options.queue.size;
    const falls = options.missing === 'ip' && key.by !== addressKey.by;
    const open = (group: string, limit: number): GroupSlots => {
      // Without the limit: exchanges that are under way at a reload count against the new one as well.
      const id = (by: string): string =>
        JSON.stringify([scopeOf(options, setup), by, group, options.methods ?? [], options.dryRun]);
      return {
        limit,
        usual: setup.slots.pool(id(key.by)),
        byAddress: falls ? setup.slots.pool(id(`${addressKey.by} for ${key.by}`)) : undefined,
      };
    };
    this.#everybody = open('', options.limit);
    this.#groups = new Map(
      Object.entries(options.groups).map(([group, { limit }]) => [group, open(group, limit)]),
    );
  }

  /** Where an exchange is counted; undefined when it is not. */
  ask(exchange: Exchange): Asked | undefined {
    const { usual, byAddress, limit } = this.#slotsOf(exchange);
    const key = this.#key.read(exchange);
    if (key !== undefined) return { pool: usual, key, limit };
    if (byAddress === undefined) return undefined;
    return { pool: byAddress, key: addressKey.read(exchange) ?? '', limit };
  }

  /** Takes a slot or a place in the queue. Nobody waits for what is done in the background: it takes no place from those who do. */
  take({ pool, key, limit }: Asked, { background }: Exchange): Slot | undefined {
    return pool.take(key, limit, background ? 0 : this.#queue);
  }

  /** What an exchange is counted by, for people. */
  describe(exchange: Exchange): string {
    const described = this.#key.describe(exchange);
    if (this.#key.read(exchange) !== undefined || this.#slotsOf(exchange).byAddress === undefined)
      return described;
    return `${addressKey.describe(exchange)} (${described})`;
  }

  #slotsOf({ consumer }: Exchange): GroupSlots {
    if (this.#groups.size > 0 && consumer?.groups !== undefined) {
      for (const [group, slots] of this.#groups) if (consumer.groups.includes(group)) return slots;
    }
    return this.#everybody;
  }
}
