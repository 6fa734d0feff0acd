import { type Clock, startTimer, type Timer } from '../../core/clock.ts';
import type { LimitDecision, LimitEffect, LimitRule, SyncedLimiter } from '../../core/limits.ts';
import { type RedisLink, StoreError } from '../../core/redis.ts';
import type { MirrorLimiter } from '../limits/local-limits.ts';
import { mostOf } from '../limits/most-level.ts';
import { numbersOf, ruleArguments } from './exact-limits.ts';
import { LimitKeys } from './limit-keys.ts';
import { settleScript } from './limit-scripts.ts';
import type { RedisClock } from './redis-clock.ts';

/** Keys that are settled together; the next ones follow when these are. */
const BATCH = 500;
/** So many keys are settled at once, before their time: nothing that clients send may pile up. */
const MOST_KEYS = 10_000;

/** What was counted here under a key since its last settlement. */
interface Unsettled {
  taken: number;
  charged: number;
}

/** What a limiter that settles works with. */
export interface SyncedTools {
  readonly link: RedisLink;
  readonly clock: RedisClock;
  /** The clock of this machine. */
  readonly timers: Pick<Clock, 'after'>;
  /** Where it decides; goes by the same clock. */
  readonly mirror: MirrorLimiter;
  /** Milliseconds. */
  readonly every: number;
}

/**
 * A limiter that decides in this process, and settles with Redis soon after: each key that was asked for sends what was counted, and
 * learns what all gateways have counted. While nobody asks, nothing is sent.
 *
 * What a settlement that failed was about is never sent again, for it may have been counted: it stays counted here.
 */
export class TableSyncedLimiter implements SyncedLimiter {
  readonly #tools: SyncedTools;
  readonly #rules: readonly LimitRule[];
  readonly #keys: LimitKeys;
  readonly #arguments: readonly string[];
  #unsettled = new Map<string, Unsettled>();
  #timer: Timer | undefined;
  #settling: Promise<void> | undefined;
  inTouch = true;

  constructor(rules: readonly LimitRule[], tools: SyncedTools) {
    this.#tools = tools;
    this.#rules = rules;
    this.#keys = new LimitKeys(rules);
    this.#arguments = rules.flatMap((rule) => [...ruleArguments(rule), String(mostOf(rule))]);
  }

  decide(key: string, cost: number, effect: LimitEffect): LimitDecision {
    const decision = this.#tools.mirror.decide(key, cost, effect);
    let unsettled = this.#unsettled.get(key);
    if (unsettled === undefined) {
      this.#unsettled.set(key, (unsettled = { taken: 0, charged: 0 }));
      this.#soon();
    }
    if (effect === 'charge') unsettled.charged += cost;
    else if (effect === 'take' && decision.allowed) unsettled.taken += cost;
    return decision;
  }

  settle(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#settling ??= this.#settleAll().finally(() => {
      this.#settling = undefined;
      if (this.#unsettled.size > 0) this.#soon();
    });
    return this.#settling;
  }

  #soon(): void {
    const { timers, every } = this.#tools;
    if (this.#unsettled.size >= MOST_KEYS) void this.settle();
    // Nothing waits for it: whoever closes a limiter settles first.
    else this.#timer ??= startTimer(timers, every, () => void this.settle(), { keepsProcess: false });
  }

  async #settleAll(): Promise<void> {
    const all = [...this.#unsettled];
    this.#unsettled = new Map();
    for (let at = 0; at < all.length; at += BATCH) {
      const batch = all.slice(at, at + BATCH).map(([key, unsettled]) => this.#settleOne(key, unsettled));
      const done = await Promise.all(batch);
      this.inTouch = done.every((each) => each);
    }
  }

  /** @returns whether it succeeded. */
  async #settleOne(key: string, { taken, charged }: Unsettled): Promise<boolean> {
    const { link, clock, mirror } = this.#tools;
    const args = [String(taken), String(charged), ...this.#arguments];
    const asked = clock.local();
    try {
      const answer = await link.script(settleScript, this.#keys.of(key), args);
      const reply = numbersOf(answer, 1 + 2 * this.#rules.length);
      const [time = 0] = reply;
      clock.learn(time, asked);
      const cells = this.#rules.map((_, i) => ({
        time,
        level: reply[1 + i * 2] ?? 0,
        previous: reply[2 + i * 2] ?? 0,
      }));
      // Both kinds as if taken: what is counted too high here for a moment lets nothing pass that should not.
      const { taken: late, charged: lateCharges } = this.#unsettled.get(key) ?? { taken: 0, charged: 0 };
      mirror.merge(key, cells, late + lateCharges);
      return true;
    } catch (error) {
      if (error instanceof StoreError) return false;
      throw error;
    }
  }
}
