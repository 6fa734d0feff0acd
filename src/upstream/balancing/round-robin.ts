import type { Balancer, Weighted } from './balancer.ts';

/**
 * Smooth weighted round robin: weights 5, 1, 1 give a a b a c a a rather than a a a a a b c. Each turn every target gains
 * its weight, the highest is chosen and pays the sum of all.
 */
export class RoundRobin<Target extends Weighted> implements Balancer<Target> {
  readonly #credit = new Map<Target, number>();

  pick(targets: readonly Target[]): Target | undefined {
    if (targets.length === 1) return targets[0];
    let chosen: Target | undefined;
    let highest = -Infinity;
    let sum = 0;
    for (const target of targets) {
      const credit = (this.#credit.get(target) ?? 0) + target.weight;
      this.#credit.set(target, credit);
      sum += target.weight;
      if (credit > highest) {
        highest = credit;
        chosen = target;
      }
    }
    if (chosen !== undefined) this.#credit.set(chosen, highest - sum);
    return chosen;
  }
}
