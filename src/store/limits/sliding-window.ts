import type { LimitRule } from '../../core/limits.ts';
import type { Algorithm, LimitCell } from './limit-cell.ts';

/**
 * The level is the units of the window that the cell's time lies in, `previous` those of the one before. Of the latter, as much counts as
 * lies within the last `window` milliseconds. Products instead of shares keep everything whole.
 */
export const slidingWindow: Algorithm = {
  full: ({ limit }) => limit,

  advance(cell, { limit, window }, now, most = limit) {
    const passed = now > cell.time ? Math.floor(now / window) - Math.floor(cell.time / window) : 0;
    const level = Math.min(cell.level, most);
    if (passed === 0) cell.previous = Math.min(cell.previous, most);
    else cell.previous = passed === 1 ? level : 0;
    cell.level = passed === 0 ? level : 0;
    cell.time = now;
  },

  fits(cell, { limit, window }, cost) {
    return cell.previous * ahead(cell, window) + (cell.level + cost) * window <= limit * window;
  },

  add(cell, { limit }, cost, most = limit) {
    cell.level = Math.max(cell.level, Math.min(cell.level + cost, most));
  },

  remaining(cell, { limit, window }) {
    const left = limit - cell.level - Math.ceil((cell.previous * ahead(cell, window)) / window);
    return Math.max(0, left);
  },

  wait(cell, rule, cost) {
    if (slidingWindow.fits(cell, rule, cost)) return 0;
    const { limit, window } = rule;
    const left = ahead(cell, window);
    // Within this window, the one before fades; from the next on, this one does.
    if (cell.level + cost <= limit) return left - fadesTo(cell.previous, limit - cell.level - cost, rule);
    return left + window - fadesTo(cell.level, limit - cost, rule);
  },
};

/** Milliseconds of the cell's window that are still to come, from 1 to the whole of it. */
function ahead({ time }: LimitCell, window: number): number {
  return window - (time % window);
}

/** How many milliseconds of a window may be left when its units count for no more than so many. */
function fadesTo(units: number, most: number, { window }: LimitRule): number {
  return Math.min(window, Math.floor((most * window) / units));
}
