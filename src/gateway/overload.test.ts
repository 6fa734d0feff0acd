import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { TestContext } from 'node:test';
import { OverloadMonitor, processGauges } from './overload.ts';

interface Watched {
  readonly monitor: OverloadMonitor;
  /** Takes a look at these values, and says what comes of it. */
  readonly look: (delay: number, memory: number) => string;
}

function watch(t: TestContext, delayLimit: number, memoryLimit: number): Watched {
  let values = { delay: 0, memory: 0 };
  const monitor = new OverloadMonitor(
    { takeDelay: () => values.delay, memory: () => values.memory, close: () => {} },
    () => {},
  );
  t.after(() => monitor.close());
  monitor.configure(delayLimit, memoryLimit);
  return {
    monitor,
    look: (delay, memory) => {
      values = { delay, memory };
      monitor.look();
      return monitor.level;
    },
  };
}

describe('the overload monitor', () => {
  test('sheds when the event loop has been late for 2 s, which is four looks in a row', (t) => {
    const { monitor, look } = watch(t, 200, 0.85);
    assert.deepEqual(
      [300, 300, 300, 300, 300].map((delay) => look(delay, 0)),
      ['none', 'none', 'none', 'shed', 'shed'],
    );
    assert.equal(monitor.reason, 'event_loop_delay');
    assert.equal(look(100, 0), 'none');
  });

  test('takes a single hiccup for nothing', (t) => {
    const { look } = watch(t, 200, 0.85);
    for (const delay of [900, 900, 900, 200, 900, 900, 900]) assert.equal(look(delay, 0), 'none');
  });

  test('sheds, closes and stops as memory runs out, at once and each behind the other', (t) => {
    const { monitor, look } = watch(t, 200, 0.85);
    assert.deepEqual(
      [0.85, 0.86, 0.93, 0.96, 0.93, 0.86, 0.5].map((memory) => look(0, memory)),
      ['none', 'shed', 'close-idle', 'stop-accepting', 'close-idle', 'shed', 'none'],
    );
    look(0, 0.9);
    assert.equal(monitor.reason, 'memory');
  });

  test('a limit above the further stages moves them', (t) => {
    const { look } = watch(t, 0, 0.97);
    assert.equal(look(0, 0.96), 'none');
    assert.equal(look(0, 0.98), 'stop-accepting');
  });

  test('0 turns each off', (t) => {
    const { look } = watch(t, 0, 0);
    for (let i = 0; i < 6; i++) assert.equal(look(10_000, 1), 'none');
  });
});

test('the gauges of the process say how late its event loop is, and how much memory it has', (t) => {
  const gauges = processGauges();
  t.after(() => gauges.close());
  const memory = gauges.memory();
  assert.ok(memory > 0 && memory < 1, `${memory}`);
  // A loop that takes longer than a look is seen by every look.
  for (let look = 0; look < 3; look++) {
    const until = performance.now() + 350;
    while (performance.now() < until);
    assert.ok(gauges.takeDelay() > 200);
  }
});
