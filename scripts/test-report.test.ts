import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closingLines, findSkips } from './test-report.ts';

const report = `✔ adds (0.85ms)
﹣ scrapes (0.13ms) # needs promtool: sudo apt-get install -y prometheus
▶ group
  ﹣ inner (0.14ms) # because
▶ group (0.65ms)
ℹ tests 3
ℹ pass 1
ℹ skipped 2
ℹ duration_ms 120.356
`;

test('the closing lines are those of the test runner, in order', () => {
  assert.equal(closingLines(report), 'ℹ tests 3\nℹ pass 1\nℹ skipped 2\nℹ duration_ms 120.356');
});

test('a run without a test has no closing lines', () => {
  assert.equal(closingLines(report.replace('tests 3', 'tests 0')), '');
  assert.equal(closingLines('everything is fine\n'), '');
});

test('each skipped test is found with its reason, nested ones too', () => {
  assert.deepEqual(findSkips(report), [
    '﹣ scrapes (0.13ms) # needs promtool: sudo apt-get install -y prometheus',
    '﹣ inner (0.14ms) # because',
  ]);
});
