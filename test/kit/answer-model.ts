import type { AnswerPlace, AnswerStore, Purge, StoredAnswer } from '../../src/core/answer-store.ts';
import type { Clock } from '../../src/core/clock.ts';

/** A store of answers as the contract says it, and nothing else: it searches all it has, and has room for everything. */
export class AnswerModel implements AnswerStore {
  readonly largestBody: number;
  readonly #clock: Clock;
  readonly #kept = new Map<string, { readonly answer: StoredAnswer; readonly until: number }[]>();
  readonly #purges: {
    readonly time: number;
    readonly means: (key: string, answer: StoredAnswer) => boolean;
  }[] = [];

  /** The latest time that the clock has shown: it may be set back. */
  #latest = -Infinity;

  constructor(clock: Clock, largestBody = 65_536) {
    this.#clock = clock;
    this.largestBody = largestBody;
  }

  get(key: string): readonly StoredAnswer[] {
    const now = this.#now();
    return (this.#kept.get(key) ?? []).filter(({ until }) => until > now).map(({ answer }) => answer);
  }

  put(key: string, answer: StoredAnswer, secondsOfUse: number): void {
    if (answer.body.byteLength > this.largestBody || !(secondsOfUse > 0)) return;
    if (this.#purges.some(({ time, means }) => answer.requestTime <= time && means(key, answer))) return;
    const now = this.#clock.now();
    const own = { ...answer, body: Uint8Array.from(answer.body) };
    const others = (this.#kept.get(key) ?? []).filter(
      (other) => other.until > now && nameOf(other.answer) !== nameOf(answer),
    );
    this.#kept.set(key, [{ answer: own, until: now + secondsOfUse * 1000 }, ...others].slice(0, 16));
  }

  invalidate(key: string, _place?: AnswerPlace): void {
    this.#drop((other) => other === key);
  }

  purge(purge: Purge): Promise<void> {
    this.#drop((_key, answer) => isNamed(purge, answer));
    return Promise.resolve();
  }

  #now(): number {
    const now = this.#clock.now();
    this.#latest = Math.max(this.#latest, now);
    return now;
  }

  #drop(means: (key: string, answer: StoredAnswer) => boolean): void {
    this.#purges.push({ time: Math.max(this.#now(), this.#latest), means });
    for (const [key, kept] of this.#kept)
      this.#kept.set(
        key,
        kept.filter(({ answer }) => !means(key, answer)),
      );
  }
}

function nameOf({ head: { vary, part } }: StoredAnswer): string {
  return JSON.stringify([vary, part ?? null]);
}

/** Whether a purge means an answer. */
export function isNamed(purge: Purge, { head, place }: StoredAnswer): boolean {
  const target = place.path + place.query;
  switch (purge.kind) {
    case 'all':
      return true;
    case 'route':
      return place.route === purge.route;
    case 'tag':
      return head.tags.includes(purge.tag);
    case 'url':
      return (purge.host ?? place.host) === place.host && purge.path === target;
    default:
      return (purge.host ?? place.host) === place.host && target.startsWith(purge.path);
  }
}
