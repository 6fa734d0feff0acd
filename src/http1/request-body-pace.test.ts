import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import type { TimerOwner } from '../core/timer-wheel.ts';
import { TimerWheel, WheelTimer } from '../core/timer-wheel.ts';
import { RequestBodyPace } from './request-body-pace.ts';

describe('RequestBodyPace', () => {
  let clock: FakeClock;
  let wheel: TimerWheel;
  let pace: RequestBodyPace;

  beforeEach(() => {
    clock = new FakeClock();
    wheel = new TimerWheel(clock, 50);
    pace = new RequestBodyPace(wheel);
    // As a connection does: something always hangs in the wheel while a body flows.
    const owner: TimerOwner = { onTimer: (timer) => timer.set(10_000) };
    new WheelTimer(wheel, owner).set(10_000);
  });

  afterEach(() => wheel.close());

  function pass(milliseconds: number): void {
    clock.advance(milliseconds);
    wheel.advance();
  }

  it('is too slow when nothing came for the idle time, to the tick', () => {
    pace.configure(0, 30_000);
    pace.start(0);
    assert.equal(pace.next(), 30_000);
    pass(29_950);
    assert.equal(pace.next(), 50);
    pass(50);
    assert.ok(pace.next() <= 0);
  });

  it('counts idle time from the last octet', () => {
    pace.configure(0, 30_000);
    pace.start(0);
    for (let minute = 0; minute < 10; minute++) {
      pass(29_000);
      pace.count(1);
      assert.equal(pace.next(), 30_000);
    }
  });

  it('is too slow when the whole takes longer than its time, however fast it comes', () => {
    pace.configure(300_000, 30_000);
    pace.start(0);
    for (let second = 1; second < 300; second++) {
      pass(1000);
      pace.count(1_000_000);
      assert.ok(pace.next() > 0, `after ${second} s`);
    }
    pass(1000);
    assert.ok(pace.next() <= 0);
  });

  it('asks for no rate in the first 5 s, and then for as many octets as the seconds since have earned', () => {
    pace.configure(0, 0);
    pace.start(240);
    pass(4950);
    assert.equal(pace.next(), 50);
    pass(50);
    assert.ok(pace.next() > 0, 'nothing is due yet at 5 s');
    pass(1000);
    assert.equal(pace.next(), 0, '240 octets are due at 6 s');
    pace.count(240);
    assert.ok(pace.next() > 0);
    pass(1000);
    pace.count(239);
    assert.equal(pace.next(), 0, '480 octets are due at 7 s');
    pace.count(1);
    assert.ok(pace.next() > 0);
  });

  it('looks in at least once a second while a rate is asked for', () => {
    pace.configure(0, 0);
    pace.start(240);
    pace.count(1_000_000);
    pass(6000);
    assert.equal(pace.next(), 1000);
  });

  it('does not count the time in which the gateway itself did not read', () => {
    pace.configure(300_000, 30_000);
    pace.start(240);
    pass(5000);
    pace.hold();
    pass(1_000_000);
    assert.ok(pace.next() > 0);
    pace.release();
    assert.ok(pace.next() > 0);
    pass(1000);
    assert.equal(pace.next(), 0, 'the rate counts on from where it was held');
    pace.count(240);
    pass(30_000);
    assert.ok(pace.next() <= 0, 'idle time counts from the release');
  });

  it('starts anew with each body', () => {
    pace.configure(0, 30_000);
    pace.start(240);
    pass(60_000);
    assert.ok(pace.next() <= 0);
    pace.hold();
    pace.start(240);
    assert.equal(pace.next(), 5000);
  });

  it('never ends a body when everything is off', () => {
    pace.configure(0, 0);
    pace.start(0);
    pass(10_000_000);
    assert.ok(pace.next() > 0);
  });
});
