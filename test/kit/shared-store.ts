import type { TestContext } from 'node:test';
import type { AnswerStore } from '../../src/core/answer-store.ts';
import type { Clock } from '../../src/core/clock.ts';
import { systemClock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import type { RedisLink } from '../../src/core/redis.ts';
import { AnswerMemory } from '../../src/store/answers/answer-memory.ts';
import { SharedAnswers } from '../../src/store/answers/shared-answers.ts';
import { eventually } from './eventually.ts';
import { onFinish } from './finish.ts';

/** A store with Redis behind it, and what it has counted. */
export interface SharedScene {
  readonly store: SharedAnswers;
  readonly memory: AnswerMemory;
  /** What came of asking Redis, in order. */
  readonly asked: string[];
  readonly counts: { lost: number };
  /** Waits until it knows what was purged, so that it uses what others have kept. */
  ready(): Promise<void>;
}

/** Makes a store as a gateway does, with a memory of its own; it ends with the test. */
export function openShared(t: TestContext, link: RedisLink, clock: Clock = systemClock): SharedScene {
  const asked: string[] = [];
  const counts = { lost: 0 };
  const metrics = {
    kept: () => undefined,
    evicted: () => undefined,
    shared: (result: string) => void asked.push(result),
    notShared: () => void counts.lost++,
  };
  const later = (task: () => void): void => void setImmediate(task);
  const memory = new AnswerMemory({ clock, metrics, later }, { bytes: 10_000_000, largest: 65_536 });
  const store = new SharedAnswers({ memory, link, clock, random: systemRandom, metrics });
  onFinish(t, 'clients', () => {
    store.close();
  });
  const ready = (): Promise<void> => eventually(() => asksRedis(store), 'the store uses Redis');
  return { store, memory, asked, counts, ready };
}

function asksRedis(store: AnswerStore): boolean {
  return store.get('nothing is kept under this') instanceof Promise;
}
