import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { systemRandom } from '../core/random.ts';
import { RequestIds } from './request-ids.ts';

describe('RequestIds', () => {
  it('never gives the same twice, not even in two gateways', () => {
    const seen = new Set<string>();
    for (const ids of [new RequestIds(systemRandom), new RequestIds(systemRandom)]) {
      for (let i = 0; i < 10_000; i++) seen.add(ids.next());
    }
    assert.equal(seen.size, 20_000);
  });

  it('gives what can stand in a header, a URL and a log line as it is', () => {
    const ids = new RequestIds(systemRandom);
    for (let i = 0; i < 100; i++) assert.match(ids.next(), /^[A-Za-z0-9_-]{14,40}$/);
  });
});
