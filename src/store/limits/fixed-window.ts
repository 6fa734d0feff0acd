import type { Algorithm } from './limit-cell.ts';

/** The level is the units of the window that the cell's time lies in. */
export const fixedWindow: Algorithm = {
  advance(cell, { limit, window }, now) {
    const isNext = now > cell.time && Math.floor(now / window) !== Math.floor(cell.time / window);
    cell.level = isNext ? 0 : Math.min(cell.level, limit);
    cell.time = now;
  },

  fits: (cell, { limit }, cost) => cell.level + cost <= limit,

  add(cell, { limit }, cost) {
    cell.level = Math.min(cell.level + cost, limit);
  },

  remaining: (cell, { limit }) => limit - cell.level,

  wait: (cell, { limit, window }, cost) => (cell.level + cost <= limit ? 0 : window - (cell.time % window)),
};
