import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/core/clock.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { silent } from '../kit/replies.ts';
import { routeTo } from '../kit/start-gateway.ts';
import { startTimedGateway } from '../kit/timed-gateway.ts';

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: gw.test\r\n\r\n`;

const year = 365 * 24 * 3600_000;

test('F187: the clock that time-outs go by knows nothing of the date', (t) => {
  const before = systemClock.monotonic();
  t.mock.method(Date, 'now', () => 0);
  const after = systemClock.monotonic();
  assert.ok(after >= before && after - before < 10_000);
  assert.equal(systemClock.now(), 0);
});

for (const [direction, jump] of [
  ['a year ahead', year],
  ['a year back', -year],
] as const) {
  test(`F187: when the clock jumps ${direction}, no time-out comes early or late`, async (t) => {
    const target = await startRecordingTarget(t);
    const gateway = await startTimedGateway(
      t,
      routeTo(target, {
        upstreams: { service: { targets: [target.url], timeouts: { responseHeaders: '20s' } } },
      }),
    );
    const idle = await connectClient(t, gateway.port);
    await idle.send(get('/idle'));
    await idle.response();
    target.next(silent);
    const waiting = await connectClient(t, gateway.port);
    await waiting.send(get('/waiting'));
    await target.head(1);
    const slow = await connectClient(t, gateway.port);
    await slow.send('GET /slow');
    gateway.clock.jump(jump);
    await gateway.pass(9000);
    assert.equal(slow.receivedLength + waiting.receivedLength, 0, 'nothing is early');
    await gateway.pass(2000);
    assert.equal((await slow.response()).status, 408, 'nor late: a head has 10 s');
    await gateway.pass(10_000);
    assert.equal((await waiting.response()).status, 504, 'an answer has 20 s');
    assert.ok(!idle.isClosed);
    await gateway.pass(60_000);
    await idle.ending();
  });

  test(`F187: when the clock jumps ${direction}, dates follow it, and durations do not`, async (t) => {
    const target = await startRecordingTarget(t);
    const gateway = await startTimedGateway(t, routeTo(target));
    const dateOf = async (): Promise<number> =>
      Date.parse((await exchangeOnce(t, gateway.port, get('/'))).header('date') ?? '');
    const before = await dateOf();
    assert.equal(before, Math.floor(gateway.clock.now() / 1000) * 1000);
    gateway.clock.jump(jump);
    assert.equal(await dateOf(), before + jump);
    const [, record] = gateway.records;
    assert.equal(record?.time, gateway.clock.now());
    assert.ok(record.duration >= 0 && record.duration < 1000, `${record.duration} ms`);
  });
}
