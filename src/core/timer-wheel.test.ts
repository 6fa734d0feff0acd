import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import * as fc from 'fast-check';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import type { TimerOwner } from './timer-wheel.ts';
import { TimerWheel, WheelTimer } from './timer-wheel.ts';

const TICK = 50;

/** Notes what fired, and lets a test act from within. */
class Owner implements TimerOwner {
  readonly fired: WheelTimer[] = [];
  act: ((timer: WheelTimer) => void) | undefined;

  onTimer(timer: WheelTimer): void {
    this.fired.push(timer);
    this.act?.(timer);
  }
}

describe('TimerWheel', () => {
  let clock: FakeClock;
  let wheel: TimerWheel;
  let owner: Owner;

  beforeEach(() => {
    clock = new FakeClock();
    wheel = new TimerWheel(clock, TICK);
    owner = new Owner();
  });

  afterEach(() => wheel.close());

  function pass(milliseconds: number): void {
    clock.advance(milliseconds);
    wheel.advance();
  }

  /** Milliseconds after which the timer has fired, moved millisecond by millisecond. */
  function firesAfter(limit: number): number | undefined {
    for (let elapsed = 1; elapsed <= limit; elapsed++) {
      pass(1);
      if (owner.fired.length > 0) return elapsed;
    }
    return undefined;
  }

  for (const delay of [1, 49, 50, 51, 100, 999, 1000, 25_549, 25_550, 25_600, 25_601, 60_000, 300_000]) {
    it(`fires a time-out of ${delay} ms not before, and at most two ticks after`, () => {
      new WheelTimer(wheel, owner).set(delay);
      const elapsed = firesAfter(delay + 2 * TICK);
      assert.ok(elapsed !== undefined && elapsed >= delay, `after ${elapsed} ms`);
    });
  }

  it('is never early, in whatever moment between two ticks a timer is armed', () => {
    for (let offset = 0; offset < TICK; offset++) {
      owner.fired.length = 0;
      pass(1);
      new WheelTimer(wheel, owner).set(120);
      const elapsed = firesAfter(120 + 2 * TICK);
      assert.ok(
        elapsed !== undefined && elapsed >= 120,
        `armed ${offset} ms into a tick: after ${elapsed} ms`,
      );
    }
  });

  it('fires once, and again when armed again', () => {
    const timer = new WheelTimer(wheel, owner);
    timer.set(100);
    pass(1000);
    pass(1000);
    assert.equal(owner.fired.length, 1);
    assert.equal(timer.armed, false);
    timer.set(100);
    assert.equal(timer.armed, true);
    pass(200);
    assert.equal(owner.fired.length, 2);
  });

  it('hands over the timer that fired, so that one owner can have several', () => {
    const late = new WheelTimer(wheel, owner);
    const soon = new WheelTimer(wheel, owner);
    late.set(500);
    soon.set(100);
    pass(200);
    assert.deepEqual(owner.fired, [soon]);
    pass(400);
    assert.deepEqual(owner.fired, [soon, late]);
  });

  it('forgets a time-out that is cleared, set to 0 or set to less', () => {
    for (const forget of [
      (timer: WheelTimer) => timer.clear(),
      (timer: WheelTimer) => timer.set(0),
      (timer: WheelTimer) => timer.set(-1),
      (timer: WheelTimer) => timer.dispose(),
    ]) {
      const timer = new WheelTimer(wheel, owner);
      timer.set(100);
      forget(timer);
      assert.equal(timer.armed, false);
      pass(1000);
    }
    assert.deepEqual(owner.fired, []);
  });

  it('counts from the last arming, later or earlier than the one before', () => {
    const timer = new WheelTimer(wheel, owner);
    timer.set(1000);
    pass(900);
    timer.set(1000);
    pass(900);
    assert.equal(owner.fired.length, 0);
    timer.set(100);
    pass(200);
    assert.equal(owner.fired.length, 1);
  });

  it('costs no list operation to be armed later and cleared, over and over', () => {
    const timer = new WheelTimer(wheel, owner);
    timer.set(10_000);
    const { tick } = timer;
    for (let request = 0; request < 100; request++) {
      pass(TICK);
      timer.clear();
      timer.set(10_000);
      assert.equal(timer.tick, tick);
      assert.equal(wheel.size, 1);
    }
    pass(9900);
    assert.equal(owner.fired.length, 0);
    pass(200);
    assert.equal(owner.fired.length, 1);
  });

  it('lets go of a timer at once when it is disposed of, and of a cleared one when its slot comes', () => {
    const disposed = new WheelTimer(wheel, owner);
    const cleared = new WheelTimer(wheel, owner);
    disposed.set(100);
    cleared.set(100);
    assert.equal(wheel.size, 2);
    disposed.dispose();
    cleared.clear();
    assert.equal(wheel.size, 1);
    pass(300);
    assert.equal(wheel.size, 0);
  });

  it('lets a handler arm, clear and dispose of any timer, also of the same moment', () => {
    const timers = Array.from({ length: 6 }, () => new WheelTimer(wheel, owner));
    for (const timer of timers) timer.set(100);
    owner.act = () => {
      owner.act = undefined;
      const [cleared, disposed, later, sooner] = timers.filter((timer) => timer.armed);
      cleared?.clear();
      disposed?.dispose();
      later?.set(1000);
      sooner?.set(TICK);
    };
    pass(200);
    assert.equal(owner.fired.length, 2, 'the one that acted, and the one that it left alone');
    pass(100);
    assert.equal(owner.fired.length, 3, 'the one that it armed for the next tick');
    pass(1000);
    assert.equal(owner.fired.length, 4, 'the one that it armed for later');
    assert.equal(new Set(owner.fired).size, 4);
    assert.equal(wheel.size, 0);
  });

  it('lets a handler arm its own timer again', () => {
    const timer = new WheelTimer(wheel, owner);
    owner.act = () => timer.set(100);
    timer.set(100);
    for (let turn = 1; turn <= 10; turn++) {
      pass(150);
      assert.equal(owner.fired.length, turn);
    }
  });

  it('makes good a stall longer than a revolution: what is due fires, what is not does not', () => {
    const due = [100, 10_000, 25_600, 59_000].map((delay) => {
      const timer = new WheelTimer(wheel, owner);
      timer.set(delay);
      return timer;
    });
    const notDue = new WheelTimer(wheel, owner);
    notDue.set(61_000);
    pass(60_000);
    assert.deepEqual(new Set(owner.fired), new Set(due));
    pass(1100);
    assert.equal(owner.fired.at(-1), notDue);
  });

  it('knows the time also after it has stood still, because nothing was armed', () => {
    const timer = new WheelTimer(wheel, owner);
    timer.set(100);
    pass(200);
    assert.equal(wheel.size, 0);
    clock.advance(3_600_000);
    const { now } = wheel;
    timer.set(1000);
    assert.ok(wheel.now - now <= TICK, `${wheel.now - now} ms are missing`);
    pass(900);
    assert.equal(owner.fired.length, 1);
    pass(200);
    assert.equal(owner.fired.length, 2);
  });

  it('runs an interval only while something hangs in it, and never keeps the process alive', () => {
    const intervals = (): number =>
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = intervals();
    const timer = new WheelTimer(wheel, owner);
    timer.set(100);
    // An interval that is not referenced does not show.
    assert.equal(intervals(), before);
    pass(200);
    assert.equal(wheel.size, 0);
  });

  it('is never early and never late, whatever is armed, moved and cleared', () => {
    const step = fc.record({
      timer: fc.nat(7),
      delay: fc.oneof(fc.integer({ min: -1, max: 300 }), fc.integer({ min: 0, max: 60_000 })),
      pass: fc.oneof(fc.nat(200), fc.nat(40_000)),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const fake = new FakeClock();
        const tested = new TimerWheel(fake, TICK);
        const expected = new Map<WheelTimer, number>();
        const model: TimerOwner = {
          onTimer(timer) {
            const deadline = expected.get(timer);
            assert.ok(deadline !== undefined, 'a timer that was not armed fired');
            assert.ok(fake.monotonic() >= deadline, 'a timer fired early');
            expected.delete(timer);
          },
        };
        const timers = Array.from({ length: 8 }, () => new WheelTimer(tested, model));
        for (const { timer: index, delay, pass: elapsed } of steps) {
          const timer = timers[index];
          if (timer === undefined) continue;
          timer.set(delay);
          if (delay > 0) expected.set(timer, fake.monotonic() + delay);
          else expected.delete(timer);
          fake.advance(elapsed);
          tested.advance();
          for (const deadline of expected.values()) {
            assert.ok(deadline > fake.monotonic() - 2 * TICK, 'a timer is late');
          }
        }
        tested.close();
      }),
      { numRuns: 300 },
    );
  });
});
