/**
 * Counts turns of the event loop, on demand. Two things that happen in the same turn of its poll phase were both already
 * there when it began: an answer that "arrives" in the turn in which its request was written was sent before it.
 */
export class LoopTurn {
  #turn = 0;
  #scheduled = false;

  /** The number of the present turn. Asking costs one `setImmediate` a turn, however many ask. */
  current(): number {
    if (!this.#scheduled) {
      this.#scheduled = true;
      setImmediate(() => {
        this.#scheduled = false;
        this.#turn++;
      });
    }
    return this.#turn;
  }

  /** The number of the present turn, for comparison with one that {@link current} gave. */
  peek(): number {
    return this.#turn;
  }
}
