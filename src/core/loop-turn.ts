/**
 * So many events in one turn that it may be more than one poll: libuv takes 1024 events at a time, and polls again at
 * once when it got as many. Half of that, because not every event is counted here.
 */
const CROWD = 512;

/**
 * Counts polls of the event loop, as far as clients send something. Two events of the same poll were both there when it
 * began, in whatever order they are handled: an answer that is read in the poll in which its request was written was sent
 * before the request. Nothing of the kind holds for what timers and immediates start, so they have no turn.
 */
export class LoopTurn {
  #turn = 0;
  #open = false;
  #events = 0;
  /** Immediates run right behind a poll. */
  readonly #end = (): void => {
    this.#open = false;
    this.#turn++;
  };

  /** A socket is being read: this is the poll phase. Costs one `setImmediate` a turn. */
  open(): void {
    this.#events++;
    if (this.#open) return;
    this.#open = true;
    this.#events = 1;
    setImmediate(this.#end);
  }

  /** Another event, which may or may not be one of the poll phase. */
  count(): void {
    this.#events++;
  }

  /** The number of the present turn; −1 outside of one, and in one that is so crowded that it may be two polls. */
  current(): number {
    return this.#open && this.#events < CROWD ? this.#turn : -1;
  }
}
