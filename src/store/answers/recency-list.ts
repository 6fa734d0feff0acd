/** What can stand in a list by recency of use. One thing stands in one list at a time. */
export interface Linked<Item> {
  newer: Item | undefined;
  older: Item | undefined;
}

/** Things in the order in which they were used: moving one to the front takes a few assignments, and makes nothing. */
export class RecencyList<Item extends Linked<Item>> {
  #newest: Item | undefined;
  #oldest: Item | undefined;

  get oldest(): Item | undefined {
    return this.#oldest;
  }

  add(item: Item): void {
    item.older = this.#newest;
    item.newer = undefined;
    if (this.#newest === undefined) this.#oldest = item;
    else this.#newest.newer = item;
    this.#newest = item;
  }

  use(item: Item): void {
    if (this.#newest === item) return;
    this.remove(item);
    this.add(item);
  }

  remove(item: Item): void {
    const { newer, older } = item;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    item.newer = undefined;
    item.older = undefined;
  }

  clear(): void {
    this.#newest = undefined;
    this.#oldest = undefined;
  }
}
