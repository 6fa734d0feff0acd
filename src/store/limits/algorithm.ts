import type { LimitAlgorithm, LimitRule } from '../../core/limits.ts';
import { fixedWindow } from './fixed-window.ts';
import { gcra } from './gcra.ts';
import type { Algorithm } from './limit-cell.ts';
import { slidingWindow } from './sliding-window.ts';

const algorithms: Readonly<Record<LimitAlgorithm, Algorithm>> = {
  gcra,
  'sliding-window': slidingWindow,
  'fixed-window': fixedWindow,
};

/** What a rule is counted by. */
export function algorithmOf({ algorithm }: LimitRule): Algorithm {
  return algorithms[algorithm];
}
