import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { RoundRobin } from './round-robin.ts';

interface Named {
  readonly name: string;
  readonly weight: number;
}

const named = (...weights: readonly number[]): Named[] =>
  weights.map((weight, index) => ({ name: String.fromCharCode(97 + index), weight }));

function picks(balancer: RoundRobin<Named>, targets: readonly Named[], count: number): string {
  return Array.from({ length: count }, () => balancer.pick(targets)?.name).join('');
}

describe('RoundRobin', () => {
  it('takes turns', () => {
    assert.equal(picks(new RoundRobin(), named(1, 1, 1), 7), 'abcabca');
  });

  it('spreads the turns of a heavy target among the others', () => {
    assert.equal(picks(new RoundRobin(), named(5, 1, 1), 14), 'aabacaaaabacaa');
  });

  it('always takes the only one, and none of none', () => {
    assert.equal(picks(new RoundRobin(), named(3), 4), 'aaaa');
    assert.equal(new RoundRobin<Named>().pick([]), undefined);
  });

  it('gives each target exactly its weight in every round', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 5 }),
        (weights, rounds) => {
          const targets = named(...weights);
          const balancer = new RoundRobin<Named>();
          const sum = weights.reduce((total, weight) => total + weight, 0);
          for (let round = 0; round < rounds; round++) {
            const counts = new Map<string, number>();
            for (const name of picks(balancer, targets, sum)) counts.set(name, (counts.get(name) ?? 0) + 1);
            for (const { name, weight } of targets) assert.equal(counts.get(name), weight);
          }
        },
      ),
    );
  });

  it('never lets a target wait much longer than its share', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 2, maxLength: 6 }), (weights) => {
        const targets = named(...weights);
        const sum = weights.reduce((total, weight) => total + weight, 0);
        const order = picks(new RoundRobin(), targets, 3 * sum);
        for (const { name, weight } of targets) {
          const longest = Math.max(
            ...order
              .split(name)
              .slice(1, -1)
              .map((gap) => gap.length + 1),
          );
          assert.ok(longest <= Math.ceil(sum / weight) * 2, `${name} waits ${longest} of ${sum}/${weight}`);
        }
      }),
    );
  });

  it('keeps its balance when some are left out for a turn', () => {
    const targets = named(1, 1, 1);
    const balancer = new RoundRobin<Named>();
    const counts = new Map<string, number>();
    for (let turn = 0; turn < 3000; turn++) {
      const all = turn % 10 !== 0;
      const chosen = balancer.pick(all ? targets : targets.slice(1));
      if (all && chosen !== undefined) counts.set(chosen.name, (counts.get(chosen.name) ?? 0) + 1);
    }
    for (const count of counts.values()) assert.ok(count > 700 && count < 1100, [...counts].join(' '));
  });
});
