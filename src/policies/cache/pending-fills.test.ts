import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keptHead } from '../../../test/kit/cache-heads.ts';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { receivedHeaders } from '../../../test/kit/fake-exchange.ts';
import type { Fill } from './fill.ts';
import { PendingFills } from './pending-fills.ts';

const head = keptHead({ 'Cache-Control': 'max-age=60' });

function scene() {
  const clock = new FakeClock();
  const fills = new PendingFills(clock);
  const begin = (key = 'a'): Fill => {
    const fill = fills.begin(key, 10);
    assert.ok(fill !== undefined);
    return fill;
  };
  return { clock, fills, begin };
}

describe('PendingFills', () => {
  it('F113: has one for a key until it is over', () => {
    const { fills, begin } = scene();
    const fill = begin();
    assert.equal(fills.get('a'), fill);
    assert.equal(fills.get('b'), undefined);
    fills.end(fill);
    assert.equal(fills.get('a'), undefined);
    const next = begin();
    // The end of one that is over already is not that of the next.
    fills.end(fill);
    assert.equal(fills.get('a'), next);
  });

  it('F113: lets all go when it is for one alone, and does not make others wait for the next 10 s', async () => {
    const { clock, fills, begin } = scene();
    const fill = begin();
    fills.letGo(fill, true);
    assert.deepEqual(await fill.outcome, { kind: 'uncacheable' });
    assert.equal(fills.begin('a', 10), undefined);
    clock.advance(9999);
    assert.equal(fills.begin('a', 10), undefined);
    clock.advance(1);
    fills.letGo(begin(), false);
    assert.ok(fills.begin('a', 10));
  });

  it('F113: has none to wait for that cannot be joined any more', () => {
    const { fills, begin } = scene();
    const fill = begin();
    fill.fail();
    assert.equal(fills.get('a'), undefined);
  });

  it('F113: waits no longer than it is told', async () => {
    const { clock, fills, begin } = scene();
    const fill = begin();
    assert.deepEqual(await fills.wait(fill, clock.monotonic()), { kind: 'uncacheable' });
    fill.begin(head, undefined);
    assert.deepEqual(await fills.wait(fill, clock.monotonic() + 60_000), { kind: 'begun', head });
  });

  it('F113: fails all when it is closed', async () => {
    const { fills, begin } = scene();
    const fill = begin();
    fills.close();
    assert.deepEqual(await fill.outcome, { kind: 'failed' });
    assert.equal(fills.get('a'), undefined);
  });

  it('lets those wait together whose answer is most likely the same', () => {
    const { fills } = scene();
    const key = (language: string, credentials = false): string =>
      fills.keyOf('a', credentials, receivedHeaders({ 'Accept-Language': language }));
    assert.equal(key('de'), key('en'));
    assert.notEqual(key('de'), key('de', true));
    fills.dependsOn('a', ['accept-language']);
    assert.notEqual(key('de'), key('en'));
    assert.equal(key('de, en'), key('en,de'));
    fills.dependsOn('a', []);
    assert.equal(key('de'), key('en'));
  });
});
