import assert from 'node:assert/strict';
import { test } from 'node:test';
import { restartDelay } from './worker-settings.ts';

test('the first death costs no delay, those that follow soon cost ever more, up to 30 s', () => {
  const delays = [0, 1, 2, 3, 4, 5, 9, 10, 11, 12, 1000].map(restartDelay);
  assert.deepEqual(delays, [0, 0, 100, 200, 400, 800, 12_800, 25_600, 30_000, 30_000, 30_000]);
});
