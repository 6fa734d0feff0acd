import type { Logger } from '../../core/logger.ts';
import { restartDelay, type WorkerSettings } from './worker-settings.ts';
import type { ThreadEnd, WorkerThread } from './worker-thread.ts';

/** What a place needs. */
export interface PlaceOptions {
  readonly settings: WorkerSettings;
  readonly logger: Logger;
  /** Starts a thread. @param id its number, from 1. */
  readonly startThread: (id: number) => WorkerThread;
  /** Another thread is to take the place of one that died. */
  readonly refill: (place: WorkerPlace) => void;
}

/** Looks at the pulse of a thread within the time that it may be silent. */
export const looksInSilence = 10;

/** The place of one thread, which others take when it dies or hangs. */
export class WorkerPlace {
  /** From 1. */
  readonly id: number;
  readonly #options: PlaceOptions;
  #thread: WorkerThread | undefined;
  /** Since when the thread serves, in milliseconds; undefined while it does not. */
  #servesSince: number | undefined;
  /** How many threads in a row died soon. */
  #deaths = 0;
  #timer: NodeJS.Timeout | undefined;
  /** How the last thread ended, while nothing has been done about it. */
  #end: ThreadEnd | undefined;
  #kept = false;
  /** The pulse at the last look, and for how many looks it has been that. */
  #pulse = 0;
  #looks = 0;

  constructor(id: number, options: PlaceOptions) {
    this.id = id;
    this.#options = options;
  }

  get thread(): WorkerThread | undefined {
    return this.#thread;
  }

  get serves(): boolean {
    return this.#servesSince !== undefined;
  }

  /** Starts a thread. @returns undefined when there is one already, or none could be started. */
  start(): WorkerThread | undefined {
    if (this.#thread !== undefined) return undefined;
    clearTimeout(this.#timer);
    this.#end = undefined;
    this.#looks = 0;
    this.#pulse = 0;
    try {
      const thread = this.#options.startThread(this.id);
      this.#thread = thread;
      void thread.ended.then((end) => this.#onEnd(end));
      return thread;
    } catch (error) {
      // The system has no thread left for us.
      this.#onEnd({ error, code: 0 });
      return undefined;
    }
  }

  /** Its thread serves clients, by this version of the configuration. */
  serve(version: string): void {
    if (this.#thread === undefined) return;
    this.#thread.version = version;
    this.#servesSince ??= performance.now();
  }

  /** From now on a thread that dies is replaced; so is one that has died before. */
  keep(): void {
    this.#kept = true;
    if (this.#end !== undefined) this.#replace(this.#end, 0);
  }

  /** From now on nobody takes the place of its thread. */
  abandon(): void {
    this.#kept = false;
    clearTimeout(this.#timer);
  }

  /** Looks whether the event loop of its thread still turns, and ends it when it has not for too long. */
  look(late: boolean): void {
    const { settings, logger } = this.#options;
    const pulse = this.#thread?.pulse ?? 0;
    const silent = pulse !== 0 && pulse === this.#pulse;
    this.#pulse = pulse;
    if (!silent) this.#looks = 0;
    // Where the one who looks was not given its time either, the thread says nothing about itself.
    else if (!late) this.#looks++;
    if (this.#looks < looksInSilence) return;
    this.#looks = 0;
    logger.error({ worker: this.id, silent: settings.silence }, 'a worker hangs; it is ended');
    void this.#thread?.terminate();
  }

  #onEnd(end: ThreadEnd): void {
    const life = this.#servesSince === undefined ? 0 : performance.now() - this.#servesSince;
    this.#thread = undefined;
    this.#servesSince = undefined;
    this.#end = end;
    if (this.#kept) this.#replace(end, life);
  }

  /** @param life milliseconds for which the thread has served. */
  #replace({ error, code }: ThreadEnd, life: number): void {
    const { logger, settings, refill } = this.#options;
    this.#end = undefined;
    this.#deaths = life < settings.goodLife ? this.#deaths + 1 : 0;
    const delay = restartDelay(this.#deaths);
    const fields = { worker: this.id, ...(error === undefined ? { code } : { err: error }) };
    if (delay === 0) logger.error(fields, 'a worker died; another takes its place');
    else
      logger.error(
        { ...fields, delay },
        'a worker died again, soon after its start; another is tried after the delay',
      );
    this.#timer = setTimeout(() => refill(this), delay);
  }
}
