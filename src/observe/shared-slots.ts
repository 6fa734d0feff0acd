import type { MessagePort } from 'node:worker_threads';
import type { Family, Slots, SlotSource } from './series.ts';

/** What a thread tells of its series; the numbers themselves are read from the memory that it names. */
export type SeriesNews =
  | {
      readonly kind: 'made';
      readonly family: Family;
      readonly values: readonly string[];
      readonly memory: SharedArrayBuffer;
      /** Where in the memory it begins, in octets. */
      readonly offset: number;
      readonly count: number;
    }
  | { readonly kind: 'dropped'; readonly family: Family; readonly values: readonly string[] };

/** Numbers that are asked for at once, so that a series costs no memory object of its own. */
const pageSize = 1024;

/** A piece of memory that nobody writes to any more. */
interface Piece {
  readonly memory: SharedArrayBuffer;
  readonly offset: number;
  readonly count: number;
}

/** Keeps the numbers of a thread's series where another thread reads them, and tells it of each series once. */
export class SharedSlots implements SlotSource {
  readonly #port: Pick<MessagePort, 'postMessage'>;
  #page = new SharedArrayBuffer(pageSize * Float64Array.BYTES_PER_ELEMENT);
  #used = 0;
  readonly #free = new Map<number, Piece[]>();
  /** Handles outlive a series that was dropped: its piece is used again only when the last of them is collected. */
  readonly #collected = new FinalizationRegistry<Piece>((piece) => {
    const pieces = this.#free.get(piece.count);
    if (pieces === undefined) this.#free.set(piece.count, [piece]);
    else pieces.push(piece);
  });

  /** @param port takes {@link SeriesNews}. */
  constructor(port: Pick<MessagePort, 'postMessage'>) {
    this.#port = port;
  }

  take(family: Family, values: readonly string[], count: number): Slots {
    const piece = this.#free.get(count)?.pop() ?? this.#next(count);
    const slots = new Float64Array(piece.memory, piece.offset, count).fill(0);
    this.#collected.register(slots, piece);
    this.#tell({ kind: 'made', family, values, ...piece });
    return slots;
  }

  drop(family: Family, values: readonly string[]): void {
    this.#tell({ kind: 'dropped', family, values });
  }

  #next(count: number): Piece {
    if (this.#used + count > pageSize) {
      this.#page = new SharedArrayBuffer(Math.max(pageSize, count) * Float64Array.BYTES_PER_ELEMENT);
      this.#used = 0;
    }
    const offset = this.#used * Float64Array.BYTES_PER_ELEMENT;
    this.#used += count;
    return { memory: this.#page, offset, count };
  }

  #tell(news: SeriesNews): void {
    this.#port.postMessage(news);
  }
}
