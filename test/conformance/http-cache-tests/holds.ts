import assert from 'node:assert/strict';
import { measure, type Measured } from './measured.ts';
import { notPassed, notPassedWithoutOptions } from './not-passed.ts';
import { readResults } from './results.ts';

/** The cache does in the suite exactly what the page says: what it has lost shows, and what it has gained. */
export async function assertMeasured(which: Measured): Promise<void> {
  const expected = readResults()[which];
  assert.ok(expected.required.of > 150 && expected.optimal.of > 80, 'the suite is there');
  assert.deepEqual(await measure(which), expected);
}

/** Every test that is not passed has its reason, and nothing else has one. */
export function assertReasons(): void {
  const { best, without } = readResults();
  const reasons = (list: typeof notPassed): string[] => list.flatMap(({ tests }) => tests);
  assert.deepEqual(best.notPassed, reasons(notPassed).toSorted());
  assert.deepEqual(without.notPassed, reasons([...notPassed, ...notPassedWithoutOptions]).toSorted());
}
