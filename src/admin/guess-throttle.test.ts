import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { GuessThrottle } from './guess-throttle.ts';

let now = 0;
let throttle: GuessThrottle;

beforeEach(() => {
  now = 0;
  throttle = new GuessThrottle({ now: () => now, monotonic: () => now });
});

function guess(ip: string, times: number): void {
  for (let i = 0; i < times; i++) throttle.wrong(ip);
}

test('ten wrong tokens in a row are looked at, the next one after six seconds', () => {
  guess('192.0.2.1', 9);
  assert.equal(throttle.wait('192.0.2.1'), 0);
  guess('192.0.2.1', 1);
  assert.equal(throttle.wait('192.0.2.1'), 6);
  now += 5999;
  assert.equal(throttle.wait('192.0.2.1'), 1);
  now += 1;
  assert.equal(throttle.wait('192.0.2.1'), 0);
});

test('a minute of rest gives all ten back, and no more than ten', () => {
  guess('192.0.2.1', 10);
  now += 3_600_000;
  guess('192.0.2.1', 9);
  assert.equal(throttle.wait('192.0.2.1'), 0);
  guess('192.0.2.1', 1);
  assert.notEqual(throttle.wait('192.0.2.1'), 0);
});

test('one who guesses does not lock out others', () => {
  guess('192.0.2.1', 10);
  assert.equal(throttle.wait('192.0.2.2'), 0);
});

test('F93 all addresses of one IPv6 /64 count as one, and IPv4 in IPv6 as IPv4', () => {
  for (let i = 0; i < 10; i++) throttle.wrong(`2001:db8::${i}`);
  assert.equal(throttle.wait('2001:db8:0:0:ffff::1'), 6);
  assert.equal(throttle.wait('2001:db8:0:1::1'), 0);
  guess('::ffff:192.0.2.1', 10);
  assert.equal(throttle.wait('192.0.2.1'), 6);
});

test('remembers those who guessed last, and no more than 4096 of them', () => {
  guess('10.0.0.0', 10);
  guess('10.0.0.1', 10);
  for (let i = 0; i < 4094; i++) throttle.wrong(`10.1.${i >> 8}.${i & 255}`);
  assert.equal(throttle.wait('10.0.0.0'), 6);
  throttle.wrong('10.2.0.0');
  assert.equal(throttle.wait('10.0.0.0'), 0);
  assert.equal(throttle.wait('10.0.0.1'), 6);
});
