import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { eventually } from '../../../test/kit/eventually.ts';
import { systemClock } from '../../core/clock.ts';
import { Deadlines, type Timed } from './deadlines.ts';

interface Probe extends Timed {
  settled: boolean;
  expiredAt: number | undefined;
}

function probe(): Probe {
  const call: Probe = {
    deadline: 0,
    settled: false,
    expiredAt: undefined,
    expire: () => {
      call.settled = true;
      call.expiredAt = systemClock.monotonic();
    },
  };
  return call;
}

describe('deadlines', () => {
  it('expire what is not over in time, and not before', async (t) => {
    const deadlines = new Deadlines(systemClock, 20);
    t.after(() => {
      deadlines.close();
    });
    const calls = Array.from({ length: 5 }, probe);
    for (const call of calls) deadlines.add(call);
    const [, answered] = calls;
    if (answered !== undefined) answered.settled = true;
    await eventually(() => calls.every(({ settled }) => settled), 'all are over');
    assert.deepEqual(
      calls.map(({ expiredAt }) => expiredAt !== undefined),
      [true, false, true, true, true],
    );
    for (const { expiredAt, deadline } of calls)
      assert.ok(expiredAt === undefined || expiredAt > deadline - 1);
    assert.equal(deadlines.size, 0);
  });

  it('give calls a little longer when the process itself was held up', async (t) => {
    const deadlines = new Deadlines(systemClock, 20);
    t.after(() => {
      deadlines.close();
    });
    const call = probe();
    deadlines.add(call);
    const first = call.deadline;
    const until = systemClock.monotonic() + 60;
    while (systemClock.monotonic() < until);
    await eventually(() => call.settled, 'it is over');
    assert.ok(call.deadline > first + 20, 'the deadline was put off');
  });

  it('hold on to nothing that is over', () => {
    const deadlines = new Deadlines(systemClock, 10_000);
    for (let i = 0; i < 10_000; i++) {
      const call = probe();
      deadlines.add(call);
      call.settled = true;
      deadlines.trim();
    }
    assert.equal(deadlines.size, 0);
    deadlines.close();
  });
});
