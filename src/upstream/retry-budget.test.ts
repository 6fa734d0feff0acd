import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { RetryBudget } from './retry-budget.ts';

/** How many retries can be paid for one after the other. */
function spendAll(budget: RetryBudget): number {
  let spent = 0;
  while (budget.spend()) spent++;
  return spent;
}

describe('RetryBudget', () => {
  it('lets a quiet upstream retry ten times in a row, and not once more', () => {
    assert.equal(spendAll(new RetryBudget()), 10);
  });

  it('earns a retry for every so many requests', () => {
    const budget = new RetryBudget();
    spendAll(budget);
    for (let request = 0; request < 4; request++) budget.earn(0.25);
    assert.equal(spendAll(budget), 1);
    for (let request = 0; request < 3; request++) budget.earn(0.25);
    assert.equal(budget.spend(), false);
  });

  it('saves up no more than ten', () => {
    const budget = new RetryBudget();
    for (let request = 0; request < 10_000; request++) budget.earn(0.2);
    assert.equal(spendAll(budget), 10);
  });

  it('earns nothing at a share of 0', () => {
    const budget = new RetryBudget();
    spendAll(budget);
    for (let request = 0; request < 1000; request++) budget.earn(0);
    assert.equal(budget.spend(), false);
  });

  it('never allows more than its share of the requests beyond the ten, whatever the order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { maxLength: 400 }),
        fc.constantFrom(0, 0.05, 0.2, 0.5, 1),
        (steps, share) => {
          const budget = new RetryBudget();
          let requests = 0;
          let retries = 0;
          for (const isRequest of steps) {
            if (isRequest) {
              requests++;
              budget.earn(share);
            } else if (budget.spend()) {
              retries++;
            }
          }
          assert.ok(retries <= 10 + requests * share + 1e-6, `${retries} retries for ${requests} requests`);
        },
      ),
    );
  });
});
