import type { Exchange } from './exchange.ts';
import type { Setup } from './policy.ts';
import { addressKey, compileKey, type RequestKey } from './request-key.ts';

/** What is written about it. */
export interface CountedByOptions {
  readonly by: string | readonly string[];
  /** What becomes of a request that lacks what `by` names. */
  readonly missing: 'ip' | 'skip';
  /** By the names of groups, in the order in which they hold. */
  readonly groups: Readonly<Record<string, unknown>>;
}

/** Where a request is counted, and its key there. */
export interface Counted<Where> {
  readonly where: Where;
  readonly key: string;
}

/** The counts of everybody or of a group: for requests that have what `by` names, and for those that lack it. */
interface GroupCounts<Where> {
  readonly usual: Where;
  /** Undefined when such requests are not counted. */
  readonly byAddress: Where | undefined;
}

/** What requests are counted by: a key, or the address of those that lack it; and apart for those whose consumer is in a group. */
export class CountedBy<Where> {
  readonly #key: RequestKey;
  readonly #everybody: GroupCounts<Where>;
  readonly #groups: ReadonlyMap<string, GroupCounts<Where>>;

  /**
   * @param open makes what is counted in: for a group, '' for everybody; and by what, for ids: those that are counted by their address
   *   for want of something else are apart from all others.
   * @throws PolicyOptionError for a `by` that cannot be, and whatever `open` throws.
   */
  constructor(
    { by, missing, groups }: CountedByOptions,
    setup: Pick<Setup, 'paramNames'>,
    open: (group: string, by: string) => Where,
  ) {
    const key = compileKey(by, setup);
    this.#key = key;
    const falls = missing === 'ip' && key.by !== addressKey.by;
    const ofGroup = (group: string): GroupCounts<Where> => ({
      usual: open(group, key.by),
      byAddress: falls ? open(group, `${addressKey.by} for ${key.by}`) : undefined,
    });
    this.#everybody = ofGroup('');
    this.#groups = new Map(Object.keys(groups).map((group) => [group, ofGroup(group)]));
  }

  /** Where those are counted that have what `by` names: everybody, and each group. */
  usual(): Where[] {
    return [this.#everybody, ...this.#groups.values()].map(({ usual }) => usual);
  }

  /** Where a request is counted; undefined when it is not. */
  ask(exchange: Exchange): Counted<Where> | undefined {
    const { usual, byAddress } = this.#countsOf(exchange);
    const key = this.#key.read(exchange);
    if (key !== undefined) return { where: usual, key };
    if (byAddress === undefined) return undefined;
    return { where: byAddress, key: addressKey.read(exchange) ?? '' };
  }

  /** What a request is counted by, for people. */
  describe(exchange: Exchange): string {
    const described = this.#key.describe(exchange);
    const { byAddress } = this.#countsOf(exchange);
    if (this.#key.read(exchange) !== undefined || byAddress === undefined) return described;
    return `${addressKey.describe(exchange)} (${described})`;
  }

  #countsOf({ consumer }: Exchange): GroupCounts<Where> {
    if (this.#groups.size > 0 && consumer?.groups !== undefined) {
      for (const [group, counts] of this.#groups) if (consumer.groups.includes(group)) return counts;
    }
    return this.#everybody;
  }
}
