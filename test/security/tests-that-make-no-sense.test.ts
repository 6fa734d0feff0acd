import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { createTestGateway, FakeClock, fakeTarget, type TargetAnswer } from '../../src/testing.ts';

const config = {
  upstreams: { service: 'http://service.test' },
  routes: [{ path: '/', upstream: 'service' }],
};

describe('time that makes no sense', () => {
  const times = [Infinity, -Infinity, NaN, '5', null, undefined, 9e15, {}];
  for (const time of times)
    it(`does not pass: ${inspect(time)}`, async () => {
      const clock = new FakeClock();
      await using gateway = await createTestGateway({ config, clock });
      // Tests may be written without types.
      const milliseconds = time as number;
      await assert.rejects(gateway.pass(milliseconds), RangeError);
      assert.throws(() => clock.advance(milliseconds), RangeError);
      assert.throws(() => clock.jump(milliseconds), RangeError);
      assert.equal(clock.now(), Date.UTC(2026, 0, 1));
      assert.equal((await gateway.handle('http://gw.test/')).status, 200);
    });

  it('does not pass backwards, but a wall clock may be set back by thousands of years', async () => {
    await using gateway = await createTestGateway({ config });
    await assert.rejects(gateway.pass(-1), RangeError);
    gateway.clock.jump(-1e14);
    assert.equal((await gateway.handle('http://gw.test/')).status, 200);
    await gateway.pass(8e15);
    assert.equal((await gateway.handle('http://gw.test/')).status, 200);
    assert.equal(gateway.gateway.stats.inFlight, 0);
  });
});

describe('a fake target that misbehaves', () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const answers: Readonly<Record<string, readonly [answer: unknown, seen: RegExp]>> = {
    'a function that throws': [
      () => {
        throw new Error('no');
      },
      /fake target failed: Error: no/,
    ],
    'a function that rejects': [() => Promise.reject(new Error('no')), /fake target failed: Error: no/],
    nothing: [() => undefined, /fake target failed: TypeError/],
    'an object in place of a body': [{ body: { a: 1 } }, /fake target failed: TypeError.*under `json`/],
    'a number in place of a body': [{ body: 5 }, /fake target failed: TypeError.*under `json`/],
    'what JSON cannot say': [{ json: { a: 1n } }, /fake target failed: TypeError/],
    'a circle': [{ json: circle }, /fake target failed: TypeError/],
    'a header with a line break': [
      { headers: { 'x-a': 'b\r\nset-cookie: c' } },
      /fake target failed: TypeError/,
    ],
    'a status that is none': [{ status: 99 }, /fake target failed: RangeError/],
    'a status that no service has': [{ status: 600 }, /upstream_malformed/],
    'an interim status': [{ status: 101 }, /upstream_malformed/],
  };
  for (const [what, [answer, seen]] of Object.entries(answers))
    it(`is named in what its test sees: ${what}`, async () => {
      await using gateway = await createTestGateway({
        config,
        targets: { service: fakeTarget(answer as TargetAnswer) },
      });
      const response = await gateway.handle('http://gw.test/');
      assert.ok(response.status >= 500);
      assert.match(await response.text(), seen);
      assert.equal(gateway.gateway.stats.inFlight, 0);
    });

  it('is not waited for by a gateway that closes', async () => {
    const gateway = await createTestGateway({ config, targets: { service: 'silent' } });
    const asked = gateway.handle('http://gw.test/');
    await gateway.pass(0);
    await gateway.close();
    assert.equal((await asked).status, 503);
    await gateway.close();
    assert.equal((await gateway.handle('http://gw.test/')).status, 503);
    await gateway.pass(1000);
  });
});

it('two gateways on one clock do not end with each other', async () => {
  const clock = new FakeClock();
  await using one = await createTestGateway({
    config,
    clock,
    targets: { service: { delay: 1000, body: 'one' } },
  });
  const two = await createTestGateway({ config, clock, targets: { service: { delay: 1000, body: 'two' } } });
  const asked = [one, two].map(async (gateway) => (await gateway.handle('http://gw.test/')).text());
  await Promise.all([one.pass(500), two.pass(500)]);
  await one.pass(1000);
  assert.deepEqual(await Promise.all(asked), ['one', 'two']);
  await two.close();
  const again = one.handle('http://gw.test/');
  await one.pass(1000);
  assert.equal(await (await again).text(), 'one');
});
