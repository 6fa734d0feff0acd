import type { Algorithm } from './limit-cell.ts';

/**
 * The level is what is in the bucket, a unit being `window` high: so the bucket drains by exactly `limit` each millisecond, and is full at `burst * window`.
 */
export const gcra: Algorithm = {
  advance(cell, { limit, window, burst }, now) {
    const drained = Math.max(0, now - cell.time) * limit;
    const level = Math.min(cell.level, burst * window);
    // A product that is too large to be exact is larger than any level.
    cell.level = drained >= level ? 0 : level - drained;
    cell.time = now;
  },

  fits: (cell, { window, burst }, cost) => cell.level + cost * window <= burst * window,

  add(cell, { window, burst }, cost) {
    cell.level = Math.min(cell.level + cost * window, burst * window);
  },

  remaining: (cell, { window, burst }) => burst - Math.ceil(cell.level / window),

  wait(cell, { limit, window, burst }, cost) {
    return Math.max(0, Math.ceil((cell.level + cost * window - burst * window) / limit));
  },
};
