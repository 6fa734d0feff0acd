import type { AnswerPlace, AnswerStore, Purge, StoredAnswer } from '../../core/answer-store.ts';
import type { Clock } from '../../core/clock.ts';
import type { Random } from '../../core/random.ts';
import type { RedisLink } from '../../core/redis.ts';
import type { AnswerMemory } from './answer-memory.ts';
import type { AnswerMetrics } from './answer-metrics.ts';
import { AnswerShelf, LARGEST_SHARED } from './answer-shelf.ts';
import { PurgeNews } from './purge-news.ts';

/** By how much clocks may differ where they are compared, in milliseconds: that much after a purge, answers still count as older. */
const CLOCK_MARGIN = 2000;

/** How many keys are looked up in Redis at a time; for more, it is as if nothing was there. */
const MOST_ASKED = 256;

/** How many calls in the background are under way at a time, and how many octets of answers in them. */
const MOST_CALLS = 256;
const MOST_OCTETS = 16_777_216;

/** What the store works with. */
export interface SharedTools {
  readonly memory: AnswerMemory;
  readonly link: RedisLink;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Pick<AnswerMetrics, 'shared' | 'notShared'>;
}

/**
 * Answers in the memory of this thread, and behind it in a Redis that several gateways have in common. Redis may be slow or gone at
 * any time: then there is what the memory has. Nobody waits for it but those who look for what the memory does not have.
 */
export class SharedAnswers implements AnswerStore {
  readonly #tools: SharedTools;
  readonly #shelf: AnswerShelf;
  readonly #news: PurgeNews;
  readonly #asked = new Map<string, Promise<readonly StoredAnswer[]>>();
  #calls = 0;
  #octets = 0;

  constructor(tools: SharedTools) {
    const { memory, link, clock, random } = tools;
    this.#tools = tools;
    this.#shelf = new AnswerShelf(link);
    this.#news = new PurgeNews({
      link,
      clock,
      random,
      onPurge: (what, time) => {
        if (what.kind === 'key') memory.dropHere(what.key, time + CLOCK_MARGIN);
        else memory.purgeHere(what, time + CLOCK_MARGIN);
      },
    });
  }

  get largestBody(): number {
    return this.#tools.memory.largestBody;
  }

  get(key: string): readonly StoredAnswer[] | Promise<readonly StoredAnswer[]> {
    const { memory } = this.#tools;
    const here = memory.get(key);
    if (here.length > 0) return here;
    const same = this.#asked.get(key);
    if (same !== undefined) return same;
    const { ahead } = this.#news;
    if (ahead === undefined || this.#asked.size >= MOST_ASKED) return here;
    const asked = this.#ask(key, ahead).finally(() => this.#asked.delete(key));
    this.#asked.set(key, asked);
    return asked;
  }

  put(key: string, answer: StoredAnswer, secondsOfUse: number): void {
    const { memory, clock, link } = this.#tools;
    const now = clock.now();
    const until = now + secondsOfUse * 1000;
    const { byteLength } = answer.body;
    if (!memory.keep(key, answer, until) || byteLength > LARGEST_SHARED) return;
    const { ahead } = this.#news;
    // What others would not take from there need not go there.
    if (ahead !== undefined && memory.rules.purgedElsewhere(key, answer, answer.requestTime + ahead)) return;
    if (ahead === undefined || !link.available) this.#tools.metrics.notShared();
    else this.#inBackground(() => this.#shelf.put(key, answer, until, { now, ahead }), byteLength);
  }

  invalidate(key: string, _place: AnswerPlace): void {
    this.#tools.memory.dropHere(key, this.#there);
    this.#inBackground(() => this.#shelf.drop(key, CLOCK_MARGIN), 0);
    this.#inBackground(() => this.#news.tell({ kind: 'key', key }), 0);
  }

  /** Drops what others have kept as well, but tells nobody. @returns until when theirs are meant, by the clock of Redis. */
  purgeHere(purge: Purge): number {
    const { memory } = this.#tools;
    const there = this.#there;
    memory.purgeHere(purge, there);
    return there;
  }

  async purge(purge: Purge): Promise<void> {
    const { memory } = this.#tools;
    const there = this.purgeHere(purge);
    const time = await this.#news.tell(purge);
    // Nobody knew by how much the clocks differ.
    if (time + CLOCK_MARGIN > there) memory.purgeHere(purge, time + CLOCK_MARGIN);
  }

  close(): void {
    this.#news.close();
  }

  /** Until when answers of others are meant by what is purged now, by the clock of Redis. */
  get #there(): number {
    return this.#tools.clock.now() + (this.#news.ahead ?? 0) + CLOCK_MARGIN;
  }

  async #ask(key: string, ahead: number): Promise<readonly StoredAnswer[]> {
    const { memory, metrics } = this.#tools;
    const { mark } = memory.rules;
    try {
      const { answers, damaged } = await this.#shelf.get(key, ahead);
      const alive = answers.filter(
        ({ answer, sharedTime }) => !memory.rules.purgedElsewhere(key, answer, sharedTime),
      );
      const found = memory.adopt(key, alive, mark);
      metrics.shared(found.length > 0 ? 'hit' : damaged > 0 ? 'damaged' : 'miss');
      return found;
    } catch {
      // The link says in the log what is the matter.
      metrics.shared('error');
      return memory.get(key);
    }
  }

  #inBackground(call: () => Promise<unknown> | undefined, octets: number): void {
    const { metrics } = this.#tools;
    if (this.#calls >= MOST_CALLS || this.#octets + octets > MOST_OCTETS) {
      metrics.notShared();
      return;
    }
    const done = call();
    if (done === undefined) return;
    this.#calls++;
    this.#octets += octets;
    done
      .catch(() => {
        metrics.notShared();
      })
      .finally(() => {
        this.#calls--;
        this.#octets -= octets;
      });
  }
}
