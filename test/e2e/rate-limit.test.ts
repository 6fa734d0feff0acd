import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createConfigFolder, startGatewayOn } from '../kit/config-folder.ts';
import { eventually } from '../kit/eventually.ts';
import { faultPolicy } from '../kit/fault-policy.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { connectClient, exchangeOnce, type RawClient } from '../kit/raw-client.ts';
import { answer } from '../kit/replies.ts';
import { routeTo, startGateway, testDefaults } from '../kit/start-gateway.ts';
import { connectToWorker, faultyWorkers, get, whenServing } from '../kit/worker-gateway.ts';

/** So slow that nothing is given back while a test runs. */
const slow = { window: '31d' } as const;

async function statusOf(client: RawClient, path = '/'): Promise<number> {
  await client.send(get(path));
  return (await client.response()).status;
}

/** Sends requests over several connections at once; returns how many of them passed. */
async function race(t: TestContext, port: number, requests: number, connections: number): Promise<number> {
  let [left, passed] = [requests, 0];
  const clients = await Promise.all(Array.from({ length: connections }, () => connectClient(t, port)));
  await Promise.all(
    clients.map(async (client) => {
      while (left-- > 0) if ((await statusOf(client)) === 200) passed++;
      client.destroy();
    }),
  );
  return passed;
}

for (const algorithm of ['gcra', 'sliding-window', 'fixed-window'] as const) {
  test(`${algorithm}: several threads together let through exactly the limit`, async (t) => {
    const target = await startRecordingTarget(t, { script: answer() });
    const policies = [{ 'rate-limit': { limit: 150, algorithm, ...slow } }];
    const gateway = await startGateway(t, routeTo(target, { workers: 3, policies }));
    assert.equal(await race(t, gateway.port, 600, 12), 150);
    assert.equal(target.requests.length, 150);
    assert.equal(gateway.metric('waygate_policy_rate_limit_allowed_total'), 150);
    assert.equal(gateway.metric('waygate_policy_rate_limit_refused_total'), 450);
  });
}

test('counts survive a reload, and the end of the thread that counted', async (t) => {
  const policies = [{ fault: {} }, { 'rate-limit': { limit: 200, ...slow } }, { respond: { body: 'OK' } }];
  const route = { name: 'a', path: '/', policies };
  const folder = createConfigFolder(t);
  const config = { ...testDefaults, workers: 2, routes: [route] };
  const file = folder.write('waygate.json', config);
  const options = { watch: false, expectErrors: true, policies: [faultPolicy], workers: faultyWorkers };
  const gateway = await startGatewayOn(t, file, options);
  const first = await connectToWorker(t, gateway.port, 1);
  while ((await statusOf(first)) === 200);
  const second = await connectToWorker(t, gateway.port, 2);
  assert.equal(await statusOf(second), 429);
  folder.write('waygate.json', { ...config, routes: [route, { ...route, name: 'b', path: '/b' }] });
  assert.ok((await gateway.gateway.reload()).ok);
  assert.equal(await statusOf(second), 429);
  assert.equal(await statusOf(second, '/b'), 200);
  await first.send(get('/fault/exit'));
  await eventually(() => gateway.metric('waygate_worker_restarts_total') === 1, 'it is replaced');
  await whenServing(gateway, 2);
  assert.equal(await statusOf(await connectToWorker(t, gateway.port, 1)), 429);
});

test('a limit in the list for every route counts all of them together, one of a route does not', async (t) => {
  const respond = { respond: { body: 'OK' } };
  const own = { 'rate-limit': { limit: 2, ...slow } };
  const gateway = await startGateway(t, {
    policies: [{ 'rate-limit': { limit: 5, ...slow } }],
    routes: [
      { path: '/a', policies: [own, respond] },
      { path: '/b', policies: [own, respond] },
    ],
  });
  const client = await connectClient(t, gateway.port);
  const statuses: number[] = [];
  for (const path of ['/a', '/a', '/a', '/b', '/b', '/c', '/b']) statuses.push(await statusOf(client, path));
  // The third is refused by the route, but counted by the list, where it passed before. The last is refused by the list.
  assert.deepEqual(statuses, [200, 200, 429, 200, 200, 429, 429]);
});

test('memory for limits keeps its size over reloads, and a mistake says so', async (t) => {
  const routes = [{ path: '/', policies: [{ respond: { body: 'OK' } }] }];
  const folder = createConfigFolder(t);
  const file = folder.write('waygate.json', { ...testDefaults, routes });
  const gateway = await startGatewayOn(t, file, { watch: false, expectErrors: true });
  folder.write('waygate.json', { ...testDefaults, routes, rateLimits: { memory: '1mb' } });
  const result = await gateway.gateway.reload();
  assert.ok(!result.ok);
  assert.match(result.mistakes[0]?.found ?? '', /cannot be made larger or smaller while the gateway runs/);
  assert.equal((await exchangeOnce(t, gateway.port, get('/'))).status, 200);
});
