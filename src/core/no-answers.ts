import type { AnswerStore } from './answer-store.ts';

/** A store that keeps nothing, for configurations that are only checked. */
export const noAnswers: AnswerStore = {
  get: () => [],
  put: () => undefined,
  invalidate: () => undefined,
  purge: () => Promise.resolve(),
  largestBody: 0,
};
