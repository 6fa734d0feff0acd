import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { countVia } from './via.ts';

describe('countVia', () => {
  it('F170: counts hops and our own entries, over several lines and in any case', () => {
    assert.deepEqual(countVia([], 'waygate'), { hops: 0, own: 0 });
    assert.deepEqual(countVia(['1.0 fred, 1.1 p.example.net'], 'waygate'), { hops: 2, own: 0 });
    assert.deepEqual(countVia(['1.1 a,1.1 WayGate (x),, ', 'HTTP/1.1\twaygate'], 'waygate'), {
      hops: 3,
      own: 2,
    });
    assert.deepEqual(countVia(['1.1 waygate'], 'WAYGATE'), { hops: 1, own: 1 });
    assert.deepEqual(countVia(['1 waygate,2 waygate'], 'waygate'), { hops: 2, own: 2 });
  });

  it('does not take a part of a name, a protocol or a comment for us', () => {
    for (const line of [
      '1.1 waygate-2',
      '1.1 mywaygate',
      'waygate 1.1',
      '1.1 a (waygate)',
      'waygate',
      '1.1 waygate:80',
      '1.1',
    ]) {
      assert.equal(countVia([line], 'waygate').own, 0, line);
    }
  });

  it('F170: finds us behind a comment that was left open', () => {
    assert.equal(countVia(['1.1 a (open, 1.1 waygate'], 'waygate').own, 1);
    assert.equal(countVia(['1.1 a (x\\', '1.1 waygate'], 'waygate').own, 1);
    assert.equal(countVia(['1.1 a "quoted, 1.1 waygate'], 'waygate').own, 1);
  });
});
