import { closePatience, isPermanent, retryDelay } from '../../observe/destination.ts';
import { type HeldDestination, standardDestination } from '../../observe/standard-destination.ts';

/** Octets that are written whole before the next ones have their turn. */
interface Batch {
  readonly octets: Uint8Array;
  readonly done: (code: string | undefined) => void;
  offset: number;
}

/**
 * Where the access logs of several threads become one: each batch of whole lines is written to its end before another has
 * its turn, so that no line tears another. Who has handed a batch over waits until it is written.
 */
export class LineFunnel {
  readonly #open: () => HeldDestination;
  readonly #queue: Batch[] = [];
  readonly #whenIdle: (() => void)[] = [];
  #output: HeldDestination | undefined;
  #writing = false;
  #failures = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** @param open makes the output, with the first batch. */
  constructor(open: () => HeldDestination = () => standardDestination(1)) {
    this.#open = open;
  }

  /** @param done told when all of it is written, or the code of the error for which it never will be. */
  write(octets: Uint8Array, done: (code: string | undefined) => void): void {
    if (this.#closed) {
      done('EBADF');
      return;
    }
    this.#queue.push({ octets, done, offset: 0 });
    if (this.#timer === undefined) this.#pump();
  }

  /** Resolves when everything is written, or lost after one second of a destination that does not take it. */
  async close(): Promise<void> {
    if (this.#queue.length > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const patience = setTimeout(resolve, closePatience);
      this.#whenIdle.push(resolve);
      await promise;
      clearTimeout(patience);
    }
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const { done } of this.#queue.splice(0)) done('EBADF');
    if (!this.#writing) this.#output?.release();
  }

  #pump(): void {
    const batch = this.#queue[0];
    if (this.#writing || batch === undefined) return;
    this.#output ??= this.#open();
    this.#writing = true;
    this.#output.destination(batch.octets.subarray(batch.offset), (error, written) => {
      this.#writing = false;
      if (this.#closed) this.#output?.release();
      else if (error === null) this.#took(batch, written);
      else this.#failed(batch, codeOf(error));
    });
  }

  #took(batch: Batch, written: number): void {
    this.#failures = 0;
    batch.offset += written;
    if (batch.offset >= batch.octets.length) this.#finish(batch, undefined);
    else this.#pump();
  }

  #failed(batch: Batch, code: string): void {
    if (isPermanent(code)) {
      this.#finish(batch, code);
      return;
    }
    this.#failures++;
    const delay = retryDelay(this.#failures);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#pump();
    }, delay);
    this.#timer.unref();
  }

  #finish(batch: Batch, code: string | undefined): void {
    this.#queue.shift();
    batch.done(code);
    if (this.#queue.length > 0) this.#pump();
    else for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'EIO';
}
