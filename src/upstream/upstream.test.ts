import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { TimerWheel } from '../core/timer-wheel.ts';
import type { Waiter } from './upstream.ts';
import { UpstreamState } from './upstream.ts';

const TICK = 50;

describe('the places of an upstream', () => {
  let clock: FakeClock;
  let wheel: TimerWheel;
  let state: UpstreamState;
  let events: string[];

  beforeEach(() => {
    clock = new FakeClock();
    wheel = new TimerWheel(clock, TICK);
    state = new UpstreamState(wheel);
    events = [];
  });

  afterEach(() => wheel.close());

  function waiter(name: string): Waiter {
    return {
      onAdmitted: () => void events.push(`${name} in`),
      onQueueTimeout: () => void events.push(`${name} late`),
    };
  }

  /** Places pass on in a moment. */
  async function passedOn(): Promise<void> {
    await Promise.resolve();
  }

  function pass(milliseconds: number): void {
    clock.advance(milliseconds);
    wheel.advance();
  }

  /** Takes all places. */
  function fill(limit: number): void {
    state.limit = limit;
    for (let i = 0; i < limit; i++) assert.equal(state.enter(waiter(`${i}`), 1000), 'admitted');
  }

  it('are as many as its limit; then one waits, and leaves nobody out who may still come in', async () => {
    fill(2);
    assert.equal(state.inFlight, 2);
    assert.equal(state.enter(waiter('a'), 1000), 'queued');
    assert.equal(state.inFlight, 2);
    state.leave();
    assert.equal(state.inFlight, 2);
    assert.equal(state.enter(waiter('a newcomer'), 0), 'refused', 'the place is promised');
    await passedOn();
    assert.deepEqual(events, ['a in']);
    assert.equal(state.inFlight, 2);
    state.leave();
    state.leave();
    assert.equal(state.inFlight, 0);
    assert.equal(state.enter(waiter('b'), 1000), 'admitted');
  });

  it('go to whoever has waited longest', async () => {
    fill(1);
    for (const name of ['a', 'b', 'c']) {
      // Nobody more may wait than may be in.
      state.limit = 3;
      const { inFlight } = state;
      state.inFlight = 3;
      assert.equal(state.enter(waiter(name), 1000), 'queued');
      state.inFlight = inFlight;
    }
    state.limit = 1;
    for (let i = 0; i < 3; i++) {
      state.leave();
      await passedOn();
    }
    assert.deepEqual(events, ['a in', 'b in', 'c in']);
  });

  it('are refused when as many wait as may be in, and when nobody may wait', () => {
    fill(2);
    assert.equal(state.enter(waiter('x'), 0), 'refused');
    assert.equal(state.enter(waiter('a'), 1000), 'queued');
    assert.equal(state.enter(waiter('b'), 1000), 'queued');
    assert.equal(state.enter(waiter('c'), 1000), 'refused');
  });

  it('are waited for no longer than the patience of each', () => {
    fill(3);
    state.enter(waiter('a'), 1000);
    pass(500);
    state.enter(waiter('b'), 1000);
    pass(450);
    assert.deepEqual(events, []);
    pass(50 + TICK);
    assert.deepEqual(events, ['a late']);
    pass(400);
    assert.deepEqual(events, ['a late']);
    pass(100 + TICK);
    assert.deepEqual(events, ['a late', 'b late']);
    state.leave();
    assert.deepEqual(events, ['a late', 'b late']);
    assert.equal(state.inFlight, 2);
  });

  it('are waited for no longer than the patience of each, also where the first is the most patient', () => {
    fill(3);
    state.enter(waiter('patient'), 5000);
    state.enter(waiter('hasty'), 1000);
    pass(1000 + 2 * TICK);
    assert.deepEqual(events, ['hasty late']);
    pass(4000 + 2 * TICK);
    assert.deepEqual(events, ['hasty late', 'patient late']);
  });

  it('are given to the next when somebody stops waiting', async () => {
    fill(2);
    const [a, b] = [waiter('a'), waiter('b')];
    state.enter(a, 1000);
    state.enter(b, 1000);
    state.forget(a);
    state.forget(waiter('a stranger'));
    state.leave();
    await passedOn();
    assert.deepEqual(events, ['b in']);
    pass(5000);
    assert.deepEqual(events, ['b in']);
  });

  it('are given to as many as a raised limit allows', async () => {
    fill(2);
    for (const name of ['a', 'b']) state.enter(waiter(name), 1000);
    state.limit = 4;
    state.leave();
    await passedOn();
    assert.deepEqual(events, ['a in', 'b in']);
    assert.equal(state.inFlight, 3);
  });

  it('are given to nobody while a lowered limit is exceeded', async () => {
    fill(3);
    state.enter(waiter('a'), 1000);
    state.limit = 1;
    state.leave();
    state.leave();
    await passedOn();
    assert.deepEqual(events, []);
    state.leave();
    await passedOn();
    assert.deepEqual(events, ['a in']);
  });

  it('hold when somebody who is let in leaves at once', async () => {
    fill(1);
    const left: string[] = [];
    const hasty = (name: string): Waiter => ({
      onAdmitted: () => {
        left.push(name);
        state.leave();
      },
      onQueueTimeout: () => assert.fail(),
    });
    state.enter(hasty('a'), 1000);
    state.leave();
    await passedOn();
    assert.deepEqual(left, ['a']);
    assert.equal(state.inFlight, 0);
  });
});
