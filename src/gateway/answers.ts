import { BroadcastChannel } from 'node:worker_threads';
import type { Config } from '../config/schema.ts';
import type { AnswerStore, Purge } from '../core/answer-store.ts';
import type { Clock } from '../core/clock.ts';
import type { Random } from '../core/random.ts';
import type { RedisLink } from '../core/redis.ts';
import type { Lease } from '../core/shared.ts';
import { AnswerMemory } from '../store/answers/answer-memory.ts';
import type { AnswerMetrics } from '../store/answers/answer-metrics.ts';
import { SharedAnswers } from '../store/answers/shared-answers.ts';
import type { PurgeOutcome } from './purge-outcome.ts';
import type { SharedValues } from './shared-values.ts';

/** What stores of answers are made of. */
export interface AnswersOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: AnswerMetrics;
  readonly shared: SharedValues;
  /** What the threads of a gateway know each other by; undefined where there is one. */
  readonly siblings: string | undefined;
  /** The link of this configuration, once more; undefined without Redis. */
  readonly redis: (config: Config) => Lease<RedisLink> | undefined;
}

/**
 * The answers that a snapshot lends its policies. Nothing is made of it before the first of them asks; what is kept outlives the
 * snapshot as long as the next one asks as well.
 */
export class SnapshotAnswers {
  readonly #config: Config;
  readonly #options: AnswersOptions;
  #lent: { readonly memory: Lease<HeldMemory>; readonly behind: Lease<HeldShared> | undefined } | undefined;

  constructor(config: Config, options: AnswersOptions) {
    this.#config = config;
    this.#options = options;
  }

  /** Made now if nobody has asked before. */
  get store(): AnswerStore {
    const { memory, behind } = (this.#lent ??= this.#lend());
    return memory.value.among(behind?.value.store ?? memory.value.memory);
  }

  /** The configuration serves: what it says of sizes holds. */
  adopt(): void {
    this.#lent?.memory.value.memory.resize(boundsIn(this.#config));
  }

  /** @param everywhere whether others are told, as far as there are any. */
  async purge(purge: Purge, everywhere: boolean): Promise<PurgeOutcome> {
    if (this.#lent === undefined) return 'nothing';
    const { memory, behind } = this.#lent;
    if (behind === undefined) {
      await memory.value.memory.purge(purge);
      return 'here';
    }
    if (!everywhere) {
      behind.value.store.purgeHere(purge);
      return 'here';
    }
    try {
      await behind.value.store.purge(purge);
      return 'everywhere';
    } catch {
      return 'untold';
    }
  }

  /** No exchange needs it any more. */
  release(): void {
    this.#lent?.behind?.release();
    this.#lent?.memory.release();
    this.#lent = undefined;
  }

  #lend(): { readonly memory: Lease<HeldMemory>; readonly behind: Lease<HeldShared> | undefined } {
    const { shared, redis } = this.#options;
    const share = shared.of('answers');
    const memory = share('memory', () => new HeldMemory(boundsIn(this.#config), this.#options));
    const settings = this.#config.cache.redis ? this.#config.redis : undefined;
    if (settings === undefined) return { memory, behind: undefined };
    const behind = share(`redis ${JSON.stringify(settings)}`, () => {
      const link = redis(this.#config);
      if (link === undefined) throw new Error('there is no Redis');
      return new HeldShared(memory.value.memory, link, this.#options);
    });
    return { memory, behind };
  }
}

/** The memory, and the way on which threads tell each other what they have dropped. */
class HeldMemory {
  readonly memory: AnswerMemory;
  readonly #siblings: BroadcastChannel | undefined;

  constructor(bounds: ReturnType<typeof boundsIn>, { clock, metrics, siblings }: AnswersOptions) {
    this.memory = new AnswerMemory({ clock, metrics, later: (task) => void setImmediate(task) }, bounds);
    if (siblings === undefined) return;
    this.#siblings = new BroadcastChannel(`waygate answers ${siblings}`);
    this.#siblings.addEventListener('message', (message) => {
      const key = dataOf(message);
      if (typeof key === 'string') this.memory.invalidate(key);
    });
    // A thread does not stay alive for it.
    this.#siblings.unref();
  }

  /** A store whose invalidations all threads learn of. */
  among(store: AnswerStore): AnswerStore {
    const siblings = this.#siblings;
    if (siblings === undefined) return store;
    return {
      get: (key) => store.get(key),
      put: (key, answer, secondsOfUse) => {
        store.put(key, answer, secondsOfUse);
      },
      invalidate: (key, place) => {
        store.invalidate(key, place);
        siblings.postMessage(key);
      },
      purge: (purge) => store.purge(purge),
      get largestBody() {
        return store.largestBody;
      },
    };
  }

  close(): void {
    this.#siblings?.close();
    this.memory.close();
  }
}

/** The store behind the memory, with the link that it needs. */
class HeldShared {
  readonly store: SharedAnswers;
  readonly #link: Lease<RedisLink>;

  constructor(memory: AnswerMemory, link: Lease<RedisLink>, { clock, random, metrics }: AnswersOptions) {
    this.#link = link;
    this.store = new SharedAnswers({ memory, link: link.value, clock, random, metrics });
  }

  close(): void {
    this.store.close();
    this.#link.release();
  }
}

function boundsIn({ cache: { memory, largest } }: Config) {
  return { bytes: memory, largest };
}

function dataOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null && 'data' in message ? message.data : undefined;
}
