import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nearest } from './nearest.ts';

describe('nearest', () => {
  it('finds the candidate that differs least', () => {
    assert.equal(nearest('origin', ['methods', 'origins', 'headers']), 'origins');
    assert.equal(nearest('maxage', ['maxAge', 'methods']), 'maxAge');
    assert.equal(nearest('rate_limit', ['ip-filter', 'rate-limit']), 'rate-limit');
  });

  it('proposes nothing when nothing is close', () => {
    assert.equal(nearest('banana', ['origins', 'headers']), undefined);
    assert.equal(nearest('x', ['origins']), undefined);
    assert.equal(nearest('a', []), undefined);
  });

  it('does not spend time on a word of any length', () => {
    assert.equal(nearest('o'.repeat(1_000_000), ['origins']), undefined);
  });
});
