import type { MessagePort } from 'node:worker_threads';
import type { Delivery, FromThread } from './protocol.ts';

/** Hands things over to the main thread and waits until they have been taken, so that nothing piles up between the two. */
export class Outbox {
  readonly #port: Pick<MessagePort, 'postMessage'>;
  readonly #waiting = new Map<number, (code: string | undefined) => void>();
  #last = 0;

  constructor(port: Pick<MessagePort, 'postMessage'>) {
    this.#port = port;
  }

  /** @param taken told when the main thread has it, with the code of the error when it could do nothing with it. */
  send(delivery: Delivery, taken: (code: string | undefined) => void): void {
    const id = ++this.#last;
    this.#waiting.set(id, taken);
    const message: FromThread = { from: 'delivery', id, delivery };
    this.#port.postMessage(message, delivery.kind === 'lines' ? [delivery.octets.buffer] : []);
  }

  /** The main thread has taken something. */
  taken(id: number, code: string | undefined): void {
    const taken = this.#waiting.get(id);
    this.#waiting.delete(id);
    taken?.(code);
  }
}
