import type { z } from 'zod';
import type { AnswerStore } from './answer-store.ts';
import type { Clock } from './clock.ts';
import type { Exchange, Reply, ResponseHead } from './exchange.ts';
import type { Fetch } from './fetch.ts';
import type { Limits } from './limits.ts';
import type { Logger } from './logger.ts';
import type { Random } from './random.ts';
import type { RedisLink } from './redis.ts';
import type { Share } from './shared.ts';
import type { Slots } from './slots.ts';

/** What a policy may touch. Nothing else is reachable: no globals. */
export interface Setup {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: PolicyMetrics;
  /** Gets documents from other servers, such as keys. Called in `create`, it must not be waited for. */
  readonly fetch: Fetch;
  /** Lends what all instances of this policy have in common, over routes and reloads. */
  readonly share: Share;
  /** Counts requests against limits. */
  readonly limits: Limits;
  /** Counts what is under way at the same moment. */
  readonly slots: Slots;
  /** Where answers are kept. Made when it is first asked for, which is in `create`. */
  readonly answers: AnswerStore;
  /** The store that several gateways have in common; undefined without `redis:` in the configuration. */
  readonly redis: RedisLink | undefined;
  /** The name of the route that this instance belongs to; '' for an instance on every route. */
  readonly routeName: string;
  /**
   * Another when that route has another upstream, or other conditions on headers and query parameters: for the keys of what is kept of
   * its answers over reloads. '' for an instance on every route, where no route takes the request.
   */
  readonly routeId: string;
  /** Whether it stands in the list for every route: then there is an instance of it for each of them. */
  readonly onEveryRoute: boolean;
  /** The names that the route's path captures, so that templates can be checked at load. */
  readonly paramNames: readonly string[];
  /** What a policy of that name would be lent here, for a policy that is made of others: counters and shared values are under that name. */
  of(policy: string): Setup;
}

/** What a policy may count. A counter appears as `waygate_policy_<policy>_<name>_total{route="…"}`. */
export interface PolicyMetrics {
  /**
   * A histogram of how long calls to others take, `waygate_policy_<policy>_<name>_seconds{route="…"}`, made once in `create`.
   * Names are `[a-z_]+`.
   */
  timer(name: string, help: string): PolicyTimer;
  /**
   * A counter of that name, made once in `create`. Names are `[a-z_]+`.
   * @param labels what else tells counters of that name apart, always the same labels: values from the configuration, never
   *   from a request.
   */
  counter(name: string, help: string, labels?: Readonly<Record<string, string>>): PolicyCounter;
  /** A number that goes up and down, `waygate_policy_<policy>_<name>{route="…"}`, made once in `create`; of several threads it is the sum. Names are `[a-z_]+`. */
  gauge(name: string, help: string): PolicyGauge;
}

/** How long something takes. */
export interface PolicyTimer {
  /** @param time milliseconds. */
  observe(time: number): void;
}

/** A number that goes up and down. */
export interface PolicyGauge {
  /** @param amount of either sign. */
  add(amount: number): void;
}

/** A number that only grows. */
export interface PolicyCounter {
  add(amount?: number): void;
}

/** What `onRequest` may answer: nothing to go on, or a {@link Reply} to answer now. */
export type RequestVerdict = Reply | undefined | void;

/** One policy on one route: made at load, called for each exchange. */
export interface PolicyInstance {
  /** Before the target is asked, in the order written. A promise is waited for; return none when there is nothing to wait for. */
  onRequest?(exchange: Exchange): RequestVerdict | Promise<RequestVerdict>;
  /**
   * When a head is about to be sent to the client, in reverse order: an answer of a target, a reply, or an error.
   * Runs only for policies whose `onRequest` was reached.
   */
  onResponse?(exchange: Exchange, head: ResponseHead): void | Promise<void>;
  /** After the last byte, or the failure. */
  onFinish?(exchange: Exchange): void;
  /**
   * What `onRequest` would do, for `waygate explain`: in place of it, by a policy that counts or keeps what it sees, or has
   * more to say than whether it lets the request pass. Leaves nothing behind but what it does to the exchange.
   */
  explain?(exchange: Exchange): ExplainedStep | Promise<ExplainedStep>;
  /**
   * Takes credentials of this policy's kind out of the request, by a policy with `authenticates`: another one has
   * established who is asking, and what nobody has verified must not reach a service that takes it for verified.
   */
  discardCredentials?(exchange: Exchange): void;
  /** When the snapshot it belongs to is gone. */
  close?(): void | Promise<void>;
}

/** What a policy would do with a request, and why. */
export interface ExplainedStep {
  /** The answer it would give; undefined when it lets the request pass. */
  readonly reply?: Reply | undefined;
  /** For whoever asks, a line each: free of secrets. */
  readonly notes: readonly string[];
}

/** A policy: what its options are, and how to make an instance of it. */
export interface PolicyDefinition<Name extends string = string, Options extends z.ZodType = z.ZodType> {
  /** Its key in the configuration: lower case, words joined by `-`. */
  readonly name: Name;
  /** One sentence, for the reference page and the editor. */
  readonly description: string;
  /** A zod schema: types, defaults, docs and the editor's schema come from it. */
  readonly options: Options;
  /**
   * Whether it establishes who is asking: an instance that lets a request pass has set `exchange.consumer`, or was told to
   * let anonymous ones pass. Such policies may stand in `any-of`. Without it: no.
   */
  readonly authenticates?: true;
  /**
   * Makes an instance, once for each route, when a configuration is loaded.
   * @throws PolicyOptionError when options that are well-typed make no sense together.
   */
  create(options: z.output<Options>, setup: Setup): PolicyInstance;
  /**
   * Whether an instance with these options answers every request itself, so that its route needs no upstream.
   * Without it: no.
   */
  alwaysAnswers?(options: z.output<Options>): boolean;
}

/** A mistake in a policy's options that the schema alone cannot see; reported with file, line and column. */
export class PolicyOptionError extends Error {
  override readonly name = 'PolicyOptionError';
  /** Where in the options, e.g. `['values', 0]`. */
  readonly path: readonly (string | number)[];
  /** What to write instead. */
  readonly remedy: string;

  constructor(path: readonly (string | number)[], message: string, remedy: string) {
    super(message);
    this.path = path;
    this.remedy = remedy;
  }
}

/** Declares a policy; only there so that the types of `create` follow from `options`. */
export function definePolicy<Name extends string, Options extends z.ZodType>(
  definition: PolicyDefinition<Name, Options>,
): PolicyDefinition<Name, Options> {
  return definition;
}
