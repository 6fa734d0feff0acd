import type { LimitRule, LimitState } from '../../core/limits.ts';
import type { Algorithm, LimitCell } from './limit-cell.ts';

/**
 * How a rule stands, once the request has been counted, if it is.
 * @param cell as it stands now; what is counted is added to it.
 */
export function countedState(
  rule: LimitRule,
  algorithm: Algorithm,
  cell: LimitCell,
  cost: number,
  counts: boolean,
): LimitState {
  const allowed = algorithm.fits(cell, rule, cost);
  const retryAfter = allowed ? 0 : algorithm.wait(cell, rule, cost);
  if (counts) algorithm.add(cell, rule, cost);
  const remaining = algorithm.remaining(cell, rule);
  return {
    allowed,
    remaining,
    more: remaining >= rule.burst ? 0 : algorithm.wait(cell, rule, remaining + 1),
    reset: algorithm.wait(cell, rule, rule.burst),
    retryAfter,
  };
}
