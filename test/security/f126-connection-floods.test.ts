import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startEchoTarget } from '../kit/echo-target.ts';
import { eventually } from '../kit/eventually.ts';
import type { RawClient } from '../kit/raw-client.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const get = 'GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n';

test('F126: connections beyond the cap are dropped and counted, those within it and the admin listener go on', async (t) => {
  const target = await startEchoTarget(t);
  const gateway = await startGateway(t, routeTo(target, { limits: { connections: 50 }, admin: { port: 0 } }));
  const within: RawClient[] = [];
  for (let i = 0; i < 50; i++) within.push(await connectClient(t, gateway.port));
  await eventually(() => gateway.gateway.stats.clientConnections === 50, 'fifty are taken in');
  const beyond = await Promise.all(Array.from({ length: 100 }, () => connectClient(t, gateway.port)));
  for (const client of beyond) {
    await client.ending();
    assert.equal(client.receivedLength, 0);
  }
  assert.equal(gateway.metric('waygate_shed_total', { reason: 'connections' }), 100);
  assert.equal(gateway.metric('waygate_connections_open'), 50);
  assert.ok(within.every((client) => !client.isClosed));
  for (const client of within) {
    await client.send(get);
    assert.equal((await client.response()).status, 200);
  }
  const probe = 'GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n';
  assert.equal((await exchangeOnce(t, gateway.gateway.adminAddress?.port ?? 0, probe)).status, 200);
  // A place that is given back is taken again.
  within[0]?.destroy();
  await eventually(() => gateway.gateway.stats.clientConnections === 49, 'one has left');
  assert.equal((await exchangeOnce(t, gateway.port, get)).status, 200);
});

test('F126: two thousand connections at once are all served', async (t) => {
  const target = await startEchoTarget(t);
  const gateway = await startGateway(t, routeTo(target, { log: { access: 'off' } }));
  const clients = await Promise.all(Array.from({ length: 2000 }, () => connectClient(t, gateway.port)));
  await Promise.all(clients.map((client) => client.send(get)));
  for (const client of clients) assert.equal((await client.response({ within: 20_000 })).status, 200);
  assert.equal(gateway.metric('waygate_shed_total'), 0);
  assert.equal(gateway.metric('waygate_connections_open'), 2000);
});

test('F126: idle connections that leave, give everything back', async (t) => {
  const target = await startEchoTarget(t);
  const gateway = await startGateway(t, routeTo(target));
  for (let round = 0; round < 3; round++) {
    const clients = await Promise.all(Array.from({ length: 300 }, () => connectClient(t, gateway.port)));
    await eventually(() => gateway.gateway.stats.clientConnections === 300, 'they are all there');
    for (const client of clients) {
      if (round === 1) client.reset();
      else client.destroy();
    }
    await eventually(() => gateway.gateway.stats.clientConnections === 0, 'they are all gone');
  }
  assert.equal(gateway.metric('waygate_connections_open'), 0);
  assert.equal(gateway.metric('waygate_connections_total'), 900);
});
