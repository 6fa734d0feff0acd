import type { LimitRule } from '../../core/limits.ts';

/** Levels times windows up to here leave room for what is added to them before they leave the whole numbers of a double. */
const MOST = 3e15;
/** Levels of the window before are kept in 32 bits. */
const MOST_UNITS = 2 ** 32 - 1;

/**
 * The highest level where gateways settle afterwards what each let pass: so much more than a full one that whatever was let
 * pass too early is paid back before anything passes again.
 */
export function mostOf({ algorithm, window }: LimitRule): number {
  return algorithm === 'gcra' ? MOST : Math.min(Math.floor(MOST / window), MOST_UNITS);
}
