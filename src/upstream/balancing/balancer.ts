/** A target, as far as balancing goes. */
export interface Weighted {
  readonly weight: number;
}

/** Chooses among the targets of one upstream. One object an upstream; it may keep what it needs between calls. */
export interface Balancer<Target extends Weighted> {
  /**
   * @param targets those that may be chosen, at least one; the same array as long as nothing changes.
   */
  pick(targets: readonly Target[]): Target | undefined;
}
