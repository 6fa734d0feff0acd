import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { createConfigFolder, startGatewayOn } from '../kit/config-folder.ts';
import { eventually } from '../kit/eventually.ts';
import { faultPolicy } from '../kit/fault-policy.ts';
import { connectClient, exchangeOnce, type RawClient } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer, play, requestComplete, responseText, send, silent } from '../kit/replies.ts';
import { getOf, whenSlots } from '../kit/slot-scene.ts';
import { startGateway, testDefaults } from '../kit/start-gateway.ts';
import { connectToWorker, faultyWorkers, whenServing } from '../kit/worker-gateway.ts';

const events = play(send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n'));

/** A route with so many slots, behind a policy that says which thread answers. */
function limited(url: string, options: Readonly<Record<string, unknown>>, config: Partial<ConfigInput> = {}) {
  const policies = [{ 'concurrency-limit': options }];
  return {
    upstreams: { service: url },
    policies: [{ fault: {} }],
    routes: [
      { name: 'limited', path: '/limited', upstream: 'service', policies },
      { name: 'which', path: '/', policies: [{ respond: { body: 'OK' } }] },
    ],
    ...config,
  } as const satisfies ConfigInput;
}

const faulty = { policies: [faultPolicy], workers: faultyWorkers, expectErrors: true };

/** An exchange that holds its slot until the client leaves. */
async function hold(client: RawClient): Promise<RawClient> {
  await client.send(getOf('/limited'));
  assert.equal((await client.head()).status, 200);
  return client;
}

test('several threads together have as many under way as the limit says, never more', async (t) => {
  let [now, most] = [0, 0];
  const target = await startRecordingTarget(t, {
    script: play(
      requestComplete,
      async () => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setImmediate(resolve));
        // Before the answer is out, so that the target's count is never above the gateway's.
        now--;
      },
      send(responseText({ body: 'OK' })),
    ),
  });
  const queue = { size: 100, timeout: '60s' };
  const gateway = await startGateway(t, limited(target.url, { limit: 3, queue }, { workers: 3 }), faulty);
  const clients = await Promise.all(Array.from({ length: 24 }, () => connectClient(t, gateway.port)));
  await Promise.all(
    clients.map(async (client) => {
      for (let round = 0; round < 20; round++) {
        await client.send(getOf('/limited'));
        assert.equal((await client.response()).status, 200);
      }
    }),
  );
  assert.equal(target.requests.length, 480);
  assert.ok(most > 1 && most <= 3, `${most}`);
  await whenSlots(gateway, 0);
});

test('F103: slots and places in the queue of a thread that dies come back, and others get them', async (t) => {
  const target = await startRecordingTarget(t, { script: events });
  const queue = { size: 5, timeout: '60s' };
  const gateway = await startGateway(t, limited(target.url, { limit: 2, queue }, { workers: 2 }), faulty);
  const victims = [
    await hold(await connectToWorker(t, gateway.port, 1)),
    await hold(await connectToWorker(t, gateway.port, 1)),
  ];
  const dyingQueue = await connectToWorker(t, gateway.port, 1);
  await dyingQueue.send(getOf('/limited'));
  await whenSlots(gateway, 2, 1);
  const waits = await connectToWorker(t, gateway.port, 2);
  await waits.send(getOf('/limited'));
  await whenSlots(gateway, 2, 2);
  const killer = await connectToWorker(t, gateway.port, 1);
  await killer.send(getOf('/fault/exit'));
  for (const client of [...victims, dyingQueue, killer]) await client.ending();
  assert.equal((await waits.head()).status, 200);
  await whenServing(gateway, 2);
  await eventually(() => gateway.metric('waygate_worker_restarts_total') === 1, 'it is replaced');
  await whenSlots(gateway, 1);
  const fresh = await hold(await connectToWorker(t, gateway.port, 1));
  await whenSlots(gateway, 2);
  waits.reset();
  fresh.reset();
  await whenSlots(gateway, 0);
});

test('F103: what is under way at a reload counts against the limit that follows, and gives its slot back', async (t) => {
  const target = await startRecordingTarget(t, { script: events });
  const folder = createConfigFolder(t);
  const write = (limit: number): string =>
    folder.write('waygate.json', { ...testDefaults, ...limited(target.url, { limit }) });
  const file = write(2);
  const gateway = await startGatewayOn(t, file, { watch: false, ...faulty });
  const before = await hold(await connectClient(t, gateway.port));
  write(1);
  assert.ok((await gateway.gateway.reload()).ok);
  assert.equal((await exchangeOnce(t, gateway.port, getOf('/limited'))).status, 503);
  before.reset();
  await whenSlots(gateway, 0);
  const after = await hold(await connectClient(t, gateway.port));
  write(2);
  assert.ok((await gateway.gateway.reload()).ok);
  const other = await hold(await connectClient(t, gateway.port));
  assert.equal((await exchangeOnce(t, gateway.port, getOf('/limited'))).status, 503);
  after.reset();
  other.reset();
  await whenSlots(gateway, 0);
});

test('F103: what a cache does without a client holds a slot of its own, until the service has answered', async (t) => {
  const target = await startRecordingTarget(t, {
    script: answer({ headers: [['Cache-Control', 'max-age=0, stale-while-revalidate=60']], body: 'kept' }),
  });
  const policies = [{ cache: {} }, { 'concurrency-limit': { limit: 1 } }];
  const routes = [{ name: 'cached', path: '/', upstream: 'service', policies }];
  const gateway = await startGateway(t, { upstreams: { service: target.url }, routes });
  assert.equal((await exchangeOnce(t, gateway.port, getOf('/a'))).status, 200);
  await whenSlots(gateway, 0);
  target.next(silent);
  assert.equal((await exchangeOnce(t, gateway.port, getOf('/a'))).text, 'kept');
  await target.request(1);
  await whenSlots(gateway, 1);
  assert.equal((await exchangeOnce(t, gateway.port, getOf('/b'))).status, 503);
  target.connections
    .find(({ requests }) => requests.some((each) => each === target.requests[1]))
    ?.socket.resetAndDestroy();
  await whenSlots(gateway, 0);
  assert.equal((await exchangeOnce(t, gateway.port, getOf('/b'))).status, 200);
});
