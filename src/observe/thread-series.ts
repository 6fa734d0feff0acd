import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import type { MetricsRegistry } from './metrics.ts';
import type { Family, Slots } from './series.ts';
import type { SeriesNews } from './shared-slots.ts';

/** One series of a thread. */
interface Counted {
  readonly family: Family;
  readonly values: readonly string[];
  readonly slots: Slots;
}

/** The series that one thread counts, as far as it has told of them, in the registry of another thread. */
export class ThreadSeries {
  readonly #registry: MetricsRegistry;
  readonly #port: MessagePort;
  readonly #series = new Map<string, Counted>();

  /** @param port where the thread's {@link SeriesNews} arrive; nothing else listens to it. */
  constructor(registry: MetricsRegistry, port: MessagePort) {
    this.#registry = registry;
    this.#port = port;
  }

  /** Takes note of what the thread has told so far. Nothing is asked, and nobody waits. */
  update(): void {
    for (;;) {
      const message: { readonly message: SeriesNews } | undefined = receiveMessageOnPort(this.#port);
      if (message === undefined) return;
      this.#note(message.message);
    }
  }

  /** The thread is gone: its counters stay in the sums, its gauges do not. */
  end(): void {
    this.update();
    this.#port.close();
    for (const { family, values, slots } of this.#series.values())
      this.#registry.shared(family).detach(values, slots);
    this.#series.clear();
  }

  #note(news: SeriesNews): void {
    const { family, values } = news;
    const set = this.#registry.shared(family);
    const key = JSON.stringify([family.name, ...values]);
    if (news.kind === 'dropped') {
      this.#series.delete(key);
      set.forget(values);
      return;
    }
    const slots = new Float64Array(news.memory, news.offset, news.count);
    this.#series.set(key, { family, values, slots });
    set.attach(values, slots);
  }
}
