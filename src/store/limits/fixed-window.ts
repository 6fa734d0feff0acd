import type { Algorithm } from './limit-cell.ts';

/** The level is the units of the window that the cell's time lies in. */
export const fixedWindow: Algorithm = {
  full: ({ limit }) => limit,

  advance(cell, { limit, window }, now, most = limit) {
    const isNext = now > cell.time && Math.floor(now / window) !== Math.floor(cell.time / window);
    cell.level = isNext ? 0 : Math.min(cell.level, most);
    cell.time = now;
  },

  fits: (cell, { limit }, cost) => cell.level + cost <= limit,

  add(cell, { limit }, cost, most = limit) {
    cell.level = Math.max(cell.level, Math.min(cell.level + cost, most));
  },

  remaining: (cell, { limit }) => Math.max(0, limit - cell.level),

  wait: (cell, { limit, window }, cost) => (cell.level + cost <= limit ? 0 : window - (cell.time % window)),
};
