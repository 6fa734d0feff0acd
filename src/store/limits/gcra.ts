import type { Algorithm } from './limit-cell.ts';

/**
 * The level is what is in the bucket, a unit being `window` high: so the bucket drains by exactly `limit` each millisecond, and is full at `burst * window`.
 */
export const gcra: Algorithm = {
  full: ({ window, burst }) => burst * window,

  advance(cell, { limit, window, burst }, now, most = burst * window) {
    const drained = Math.max(0, now - cell.time) * limit;
    const level = Math.min(cell.level, most);
    // A product that is too large to be exact is larger than any level.
    cell.level = drained >= level ? 0 : level - drained;
    cell.time = now;
  },

  fits: (cell, { window, burst }, cost) => cell.level + cost * window <= burst * window,

  add(cell, { window, burst }, cost, most = burst * window) {
    cell.level = Math.max(cell.level, Math.min(cell.level + cost * window, most));
  },

  remaining: (cell, { window, burst }) => Math.max(0, burst - Math.ceil(cell.level / window)),

  wait(cell, { limit, window, burst }, cost) {
    return Math.max(0, Math.ceil((cell.level + cost * window - burst * window) / limit));
  },
};
