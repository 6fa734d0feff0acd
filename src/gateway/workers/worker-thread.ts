import { MessageChannel, Worker } from 'node:worker_threads';
import type { MetricsRegistry } from '../../observe/metrics.ts';
import { ThreadSeries } from '../../observe/thread-series.ts';
import type { Answer, Delivery, FromThread, Request, ThreadData, ToThread } from './protocol.ts';

/** How a thread ended. */
export interface ThreadEnd {
  /** What it ended of, unless it ended itself. */
  readonly error: unknown;
  readonly code: number;
}

/** What a thread is made of, and what becomes of what it hands over. */
export interface ThreadOptions {
  readonly program: URL;
  readonly data: Omit<ThreadData, 'news' | 'pulse'>;
  readonly registry: MetricsRegistry;
  /** Takes something; `taken` lets the thread go on with the next of the kind. */
  readonly onDelivery: (delivery: Delivery, taken: (code: string | undefined) => void) => void;
}

/** One thread that serves, as the main thread sees it. */
export class WorkerThread {
  /** The version of the configuration that it serves; undefined before the first. */
  version: string | undefined;
  /** Resolves when it is gone. */
  readonly ended: Promise<ThreadEnd>;
  readonly series: ThreadSeries;
  readonly #worker: Worker;
  readonly #pulse = new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT));
  readonly #waiting = new Map<number, (answer: Answer | undefined) => void>();
  #lastRequest = 0;
  #gone = false;

  constructor({ program, data, registry, onDelivery }: ThreadOptions) {
    const { port1: news, port2: theirs } = new MessageChannel();
    this.series = new ThreadSeries(registry, news);
    const workerData: ThreadData = { ...data, news: theirs, pulse: this.#pulse.buffer };
    this.#worker = new Worker(program, {
      name: `waygate worker ${data.id}`,
      workerData,
      transferList: [theirs],
    });
    this.#worker.on('message', (message: FromThread) => {
      if (message.from === 'answer') this.#answered(message.id, message.answer);
      else onDelivery(message.delivery, (code) => this.#post({ to: 'taken', id: message.id, code }));
    });
    this.ended = this.#end();
  }

  /** Changes for as long as its event loop turns; 0 before it runs. */
  get pulse(): number {
    return this.#pulse[0] ?? 0;
  }

  /**
   * Asks for something.
   * @param patience milliseconds.
   * @returns what it says; `lost` when it ended before, `late` when it has said nothing by then.
   * @throws DataCloneError when the request holds what cannot be sent to another thread.
   */
  async ask(request: Request, patience: number): Promise<Answer | { readonly kind: 'lost' | 'late' }> {
    if (this.#gone) return { kind: 'lost' };
    const { promise, resolve } = Promise.withResolvers<Answer | undefined | 'late'>();
    const id = ++this.#lastRequest;
    this.#post({ to: 'request', id, request });
    this.#waiting.set(id, resolve);
    const timer = setTimeout(resolve, patience, 'late');
    const answer = await promise;
    clearTimeout(timer);
    this.#waiting.delete(id);
    if (answer === undefined) return { kind: 'lost' };
    return answer === 'late' ? { kind: 'late' } : answer;
  }

  /** Ends it at once, whatever it is doing. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #post(message: ToThread): void {
    this.#worker.postMessage(message);
  }

  #answered(id: number, answer: Answer): void {
    this.#waiting.get(id)?.(answer);
  }

  #end(): Promise<ThreadEnd> {
    const { promise, resolve } = Promise.withResolvers<ThreadEnd>();
    let error: unknown;
    this.#worker.on('error', (cause: unknown) => (error = cause));
    this.#worker.on('exit', (code) => {
      this.#gone = true;
      for (const lost of this.#waiting.values()) lost(undefined);
      this.series.end();
      resolve({ error, code });
    });
    return promise;
  }
}
