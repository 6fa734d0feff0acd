import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { RareLine } from './rare-line.ts';

describe('a rare line of the log', () => {
  it('is due at once, and then once in its interval, with how often there was cause for it', () => {
    const clock = new FakeClock();
    const line = new RareLine(1000, clock);
    assert.deepEqual([line.due(), line.due(), line.due()], [1, 0, 0]);
    clock.advance(999);
    assert.equal(line.due(), 0);
    clock.advance(1);
    assert.deepEqual([line.due(), line.due()], [4, 0]);
    clock.advance(60_000);
    assert.equal(line.due(), 2);
  });
});
