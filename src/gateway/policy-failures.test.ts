import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '../../test/kit/fake-clock.ts';
import { TimerWheel } from '../core/timer-wheel.ts';
import { LINES, PolicyFailures, WINDOW } from './policy-failures.ts';

function setting() {
  const clock = new FakeClock();
  const wheel = new TimerWheel(clock);
  const lines: Record<string, unknown>[] = [];
  const write = (fields: Readonly<Record<string, unknown>>): void => void lines.push(fields);
  const logger = { debug: write, info: write, warn: write, error: write };
  let counted = 0;
  const failures = new PolicyFailures(logger, wheel, { policyFailed: () => void counted++ });
  const fail = (route = 'a'): void => {
    failures.note({ policy: 'p', kind: 'threw', phase: 'onRequest', error: new Error('x') }, route);
  };
  const pass = (milliseconds: number): void => {
    clock.advance(milliseconds);
    wheel.advance();
  };
  return { lines, failures, fail, pass, wheel, counted: () => counted };
}

test('a flood of failures is a few lines, each of them counted, and a line that says how many more', () => {
  const { lines, fail, pass, wheel, counted } = setting();
  for (let i = 0; i < 1000; i++) fail();
  assert.equal(lines.length, LINES);
  pass(WINDOW + 100);
  assert.deepEqual(lines.at(-1), { policy: 'p', route: 'a', kind: 'threw', more: 1000 - LINES });
  assert.equal(counted(), 1000);
  fail();
  assert.equal(lines.length, LINES + 2, 'then lines are written again');
  wheel.close();
});

test('a flood on one route hides no failure on another', () => {
  const { lines, fail, wheel } = setting();
  for (let i = 0; i < 100; i++) fail();
  fail('b');
  assert.equal(lines.at(-1)?.['route'], 'b');
  wheel.close();
});

test('what was not said is said at the end, and nothing is kept of a policy that has stopped failing', () => {
  const { lines, failures, fail, pass, wheel } = setting();
  fail();
  pass(WINDOW + 100);
  assert.equal(lines.length, 1);
  pass(WINDOW + 100);
  assert.equal(wheel.size, 0);
  for (let i = 0; i <= LINES; i++) fail();
  failures.close();
  assert.equal(lines.at(-1)?.['more'], 1);
  assert.equal(wheel.size, 0);
  wheel.close();
});

test('a log that throws costs nobody anything', () => {
  const wheel = new TimerWheel(new FakeClock());
  const broken = (): never => {
    throw new Error('the disk is full');
  };
  const logger = { debug: broken, info: broken, warn: broken, error: broken };
  const failures = new PolicyFailures(logger, wheel, { policyFailed: () => undefined });
  failures.note({ policy: 'p', kind: 'blocked', phase: 'onRequest', held: 300 }, '');
  failures.note({ policy: 'p', kind: 'threw', phase: 'onRequest', error: undefined }, '');
  failures.close();
  wheel.close();
});
