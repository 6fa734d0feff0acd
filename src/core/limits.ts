/**
 * How requests are counted against limits. `docs/policies/rate-limit.md` says the same for operators.
 *
 * All algorithms count whole units and whole milliseconds, so that every store decides alike, whatever it is written in: with limits and
 * bursts of at most {@link MAX_LIMIT} and windows of at most {@link MAX_WINDOW} ms, no number in them leaves the whole numbers that a double holds.
 * Fixed windows multiply nothing: theirs may be longer, and their limits larger.
 *
 * - `gcra`: a bucket that holds `burst` units and is refilled evenly, `limit` units in each `window`. Exact. (The generic cell
 *   rate algorithm of ITU-T I.371, in its form as a leaky bucket.)
 * - `sliding-window`: units of this window, and of the one before by the share of it that lies within the last `window` ms.
 *   Exact when the earlier ones came evenly; up to twice the limit passes in a `window` when they came all at its end.
 * - `fixed-window`: units since the last multiple of `window` since the epoch. Exact in each, up to twice the limit over the edge of two.
 */
export type LimitAlgorithm = 'gcra' | 'sliding-window' | 'fixed-window';

/** The largest `limit` and `burst`, in units. */
export const MAX_LIMIT = 1_000_000;

/** The longest `window`, in milliseconds: 31 days. */
export const MAX_WINDOW = 2_678_400_000;

/** The most rules of one {@link Limiter}. */
export const MAX_RULES = 8;

/** One limit. */
export interface LimitRule {
  /**
   * Whose counts these are: rules with the same id count together, on all routes and in all gateways. Everything that the counting
   * depends on stands in it, so that a rule that was changed begins anew. Never shown to clients.
   */
  readonly id: string;
  readonly algorithm: LimitAlgorithm;
  /** Units in a window. */
  readonly limit: number;
  /** Milliseconds. */
  readonly window: number;
  /** The most units at once; `limit` for the two algorithms with windows. */
  readonly burst: number;
}

/**
 * What a decision does to the counts:
 * - `take`: counts the request if every rule lets it pass, and nothing at all if one does not;
 * - `peek`: nothing, whatever it says;
 * - `charge`: counts in each rule, up to its limit, also where it is exhausted: for what is known only after the answer.
 */
export type LimitEffect = 'take' | 'peek' | 'charge';

/** How one rule stands, after what the decision has done to it. Times are in whole milliseconds from now. */
export interface LimitState {
  /** Whether this rule alone lets the request pass. */
  readonly allowed: boolean;
  /** Whole units that would still pass now. */
  readonly remaining: number;
  /** Until `remaining` grows, if nothing else comes; 0 when all is there. */
  readonly more: number;
  /** Until it is as if nothing had ever come; 0 when it is. */
  readonly reset: number;
  /** Until the request would pass this rule, if nothing else comes; 0 when it does. */
  readonly retryAfter: number;
}

/** What becomes of a request. */
export interface LimitDecision {
  /** Whether every rule lets it pass. */
  readonly allowed: boolean;
  /** In the order of the rules. */
  readonly states: readonly LimitState[];
}

/** Several rules that requests are counted against at once. */
export interface Limiter {
  /**
   * Decides on one request, at one moment and atomically: no other request comes between its rules.
   * @param key by what requests are told apart. May hold anything that a client sent: a store keeps a digest of it.
   * @param cost units that the request counts for, a whole number from 1 to the smallest `burst` of the rules.
   * @returns at once where the counts are in this process. A promise rejects with a `StoreError` only.
   */
  decide(key: string, cost: number, effect: LimitEffect): LimitDecision | Promise<LimitDecision>;
}

/** Where counts live: in the memory of this process, or in Redis. */
export interface LimitStore<Kind extends Limiter = Limiter> {
  /** @param rules at most {@link MAX_RULES}, none with the id of another. */
  limiter(rules: readonly LimitRule[]): Kind;
}

/** Limits that several gateways have in common, in Redis. */
export interface SharedLimits {
  /** Asks Redis for each decision: one round trip for all the rules. */
  exact(rules: readonly LimitRule[]): Limiter;
  /**
   * Decides in this process, and settles with Redis afterwards what was counted here and elsewhere. What was let pass too early is
   * paid back before anything passes again.
   * @param every milliseconds from a decision to the settlement of its key.
   */
  synced(rules: readonly LimitRule[], every: number): SyncedLimiter;
}

/** Where policies count requests. */
export interface Limits extends LimitStore {
  /** Undefined without `redis:` in the configuration. */
  readonly shared?: SharedLimits | undefined;
}

/** A limiter that never lets wait. */
export interface LocalLimiter extends Limiter {
  decide(key: string, cost: number, effect: LimitEffect): LimitDecision;
}

/** A limiter that settles afterwards. */
export interface SyncedLimiter extends LocalLimiter {
  /** Whether the last settlement succeeded; true before the first one. */
  readonly inTouch: boolean;
  /** Settles now what is to be settled. Never rejects. */
  settle(): Promise<void>;
}

/** The store in the memory of this process, that all its threads share. */
export type LocalLimitStore = LimitStore<LocalLimiter>;
