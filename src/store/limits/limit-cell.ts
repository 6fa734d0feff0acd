import type { LimitRule } from '../../core/limits.ts';

/** What is kept of one key under one rule. All zeros is a key that was never seen. */
export interface LimitCell {
  /** When it was last looked at, in milliseconds since the epoch. */
  time: number;
  /** What has been used; in which measure is the algorithm's business. */
  level: number;
  /** The level of the window before, where there are windows. */
  previous: number;
}

/**
 * A way to count, as functions over a cell. Whole numbers in doubles throughout, so that a script in Lua does the same.
 *
 * Time is wall-clock time, which may be set: set forward, it is as if the time had passed; set back, what was counted counts from there.
 * No key is locked out for longer than by a clock that runs evenly.
 */
export interface Algorithm {
  /** The level of a key that has used up all that passes at once. */
  full(rule: LimitRule): number;
  /**
   * Lets time pass until now. Whatever stood in the cell, it is a possible one afterwards.
   * @param most the highest level there can be: `full`, or more where gateways settle afterwards what each let pass.
   */
  advance(cell: LimitCell, rule: LimitRule, now: number, most?: number): void;
  /** Whether so many units pass, at the time of the cell. */
  fits(cell: LimitCell, rule: LimitRule, cost: number): boolean;
  /** Counts units, up to what the rule allows, or up to `most`. */
  add(cell: LimitCell, rule: LimitRule, cost: number, most?: number): void;
  /** Units that pass. */
  remaining(cell: LimitCell, rule: LimitRule): number;
  /** Milliseconds until so many units pass, at most `burst` of them: until then for all of these, the cell is not as good as new. */
  wait(cell: LimitCell, rule: LimitRule, cost: number): number;
}
