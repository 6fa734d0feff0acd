import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { eventually } from '../kit/eventually.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer, play, waitFor } from '../kit/replies.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const get = 'GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n';
const healthz = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n';

/** The limits that the gateway has by itself. */
const watched: Partial<ConfigInput> = { admin: { port: 0 }, overload: {} };

/** Gauges that show what a test wants. */
class FakeGauges {
  delay = 0;
  share = 0;

  takeDelay(): number {
    return this.delay;
  }

  memory(): number {
    return this.share;
  }

  close(): void {}
}

test('F185: as memory runs out, load is shed, then idle connections closed, then nobody let in; and back', async (t) => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const target = await startRecordingTarget(t);
  const gauges = new FakeGauges();
  const gateway = await startGateway(t, routeTo(target, watched), { gauges });
  const status = async (): Promise<number> => (await exchangeOnce(t, gateway.port, get)).status;
  const alive = async (): Promise<number> =>
    (await exchangeOnce(t, gateway.gateway.adminAddress?.port ?? 0, healthz)).status;
  const warnings = (): unknown[] =>
    gateway.lines.filter(({ message }) => message.includes('overload')).map(({ fields }) => fields['level']);

  const busy = await connectClient(t, gateway.port);
  target.next(play(waitFor(released), answer({ body: 'late' })));
  await busy.send(get);
  await target.head(0);
  const idle = await connectClient(t, gateway.port);
  await idle.send(get);
  assert.equal((await idle.response()).status, 200);

  gauges.share = 0.86;
  await eventually(async () => (await status()) === 503, 'load is shed');
  const shed = await exchangeOnce(t, gateway.port, get);
  assert.equal(shed.header('retry-after'), '1');
  assert.match(shed.text, /"code":"overloaded"/);
  assert.ok(gateway.metric('waygate_shed_total', { reason: 'memory' }) >= 2);
  assert.ok(!idle.isClosed);
  assert.equal(await alive(), 200);

  gauges.share = 0.93;
  await idle.ending();
  assert.equal(await status(), 503);
  assert.ok(!busy.isClosed);

  gauges.share = 0.96;
  await eventually(async () => {
    const client = await connectClient(t, gateway.port);
    await client.send(get);
    return (await client.outcome()).kind === 'closed';
  }, 'nobody is let in');
  assert.equal(await alive(), 200);

  gauges.share = 0.5;
  await eventually(async () => (await status().catch(() => 0)) === 200, 'all is well again');
  release();
  assert.equal((await busy.response()).text, 'late', 'what was under way has been left alone');
  assert.deepEqual(warnings(), ['shed', 'close-idle', 'stop-accepting', undefined], 'one line a change');
});

test('F186: an event loop that is late for two seconds sheds load, and is alive all the same', async (t) => {
  const target = await startRecordingTarget(t);
  const gauges = new FakeGauges();
  const gateway = await startGateway(t, routeTo(target, watched), { gauges });
  gauges.delay = 300;
  await eventually(async () => (await exchangeOnce(t, gateway.port, get)).status === 503, 'load is shed');
  assert.ok(gateway.metric('waygate_shed_total', { reason: 'event_loop_delay' }) >= 1);
  assert.equal((await exchangeOnce(t, gateway.gateway.adminAddress?.port ?? 0, healthz)).status, 200);
  gauges.delay = 5;
  await eventually(
    async () => (await exchangeOnce(t, gateway.port, get)).status === 200,
    'all is well again',
  );
});

test('F185: more exchanges than the limit are shed, and each place that is given back is used again', async (t) => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const target = await startRecordingTarget(t, { script: play(waitFor(released), answer()) });
  const gateway = await startGateway(t, routeTo(target, { limits: { inFlight: 5 } }));
  const clients = await Promise.all(Array.from({ length: 8 }, () => connectClient(t, gateway.port)));
  for (const client of clients) await client.send(get);
  await eventually(
    () => gateway.metric('waygate_shed_total', { reason: 'in_flight' }) === 3,
    'three are shed',
  );
  release();
  const statuses: number[] = [];
  for (const client of clients) statuses.push((await client.response()).status);
  assert.deepEqual(
    statuses.toSorted((a, b) => a - b),
    [200, 200, 200, 200, 200, 503, 503, 503],
  );
  assert.equal((await exchangeOnce(t, gateway.port, get)).status, 200);
  assert.equal(gateway.metric('waygate_requests_in_flight'), 0);
});
