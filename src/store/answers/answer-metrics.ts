/** What is counted about answers that are kept. */
export interface AnswerMetrics {
  /** So many more entries, and so many octets more; negative for fewer. */
  kept(entries: number, bytes: number): void;
  /** An entry had to go to make room. */
  evicted(): void;
  /** What came of asking the store that all machines share. */
  shared(result: SharedResult): void;
  /** An answer could not be given to that store: it failed, or had too much to do. */
  notShared(): void;
}

/** What may come of asking: `damaged` is what could not be read, and `error` a store that is slow or gone. */
export type SharedResult = 'hit' | 'miss' | 'damaged' | 'error';
