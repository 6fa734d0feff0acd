import assert from 'node:assert/strict';
import { test } from 'node:test';
import { splitRemedy, withRemedy } from './remedy.ts';

test('a remedy comes back out of the text that it was put into', () => {
  assert.deepEqual(splitRemedy(withRemedy('30 has no unit', 'write 30s')), {
    found: '30 has no unit',
    remedy: 'write 30s',
  });
});

test('a text without remedy is all mistake', () => {
  assert.deepEqual(splitRemedy('Invalid input'), { found: 'Invalid input', remedy: undefined });
});
