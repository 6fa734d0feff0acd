import type { AnswerPlace, AnswerStore, Purge, StoredAnswer } from '../../src/core/answer-store.ts';

/** Answers in a Map, for tests of what is done with them; nothing of it is ever too much. */
export class AnswerStoreDouble implements AnswerStore {
  readonly largestBody: number;
  readonly kept = new Map<string, readonly StoredAnswer[]>();
  /** What was invalidated. */
  readonly invalidated: AnswerPlace[] = [];

  constructor(largestBody = 1024 * 1024) {
    this.largestBody = largestBody;
  }

  get(key: string): readonly StoredAnswer[] {
    return this.kept.get(key) ?? [];
  }

  put(key: string, answer: StoredAnswer): void {
    const same = JSON.stringify([answer.head.vary, answer.head.part]);
    const others = this.get(key).filter(({ head }) => JSON.stringify([head.vary, head.part]) !== same);
    this.kept.set(key, [answer, ...others]);
  }

  invalidate(key: string, place: AnswerPlace): void {
    this.invalidated.push(place);
    this.kept.delete(key);
    for (const [other, [first]] of this.kept) {
      if (first?.place.path === place.path && first.place.query === place.query) this.kept.delete(other);
    }
  }

  purge(_purge: Purge): Promise<void> {
    this.kept.clear();
    return Promise.resolve();
  }
}
