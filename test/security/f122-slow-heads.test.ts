import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startEchoTarget } from '../kit/echo-target.ts';
import { eventually } from '../kit/eventually.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const request = 'GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n';

test('F122: two thousand clients that trickle their heads get 408 at 10 s, and others are served meanwhile', async (t) => {
  const target = await startEchoTarget(t);
  const clock = new FakeClock();
  const gateway = await startGateway(t, routeTo(target), { clock });
  const slow = await Promise.all(Array.from({ length: 2000 }, () => connectClient(t, gateway.port)));
  await Promise.all(slow.map((client) => client.send('G')));
  assert.equal((await exchangeOnce(t, gateway.port, request)).status, 200);
  // An octet now and then does not buy more time.
  for (let second = 0; second < 9; second++) {
    clock.advance(1000);
    await Promise.all(slow.map((client) => client.send('ET / HTTP'.charAt(second))));
    assert.equal((await exchangeOnce(t, gateway.port, request)).status, 200);
  }
  assert.equal(slow.filter((client) => client.receivedLength > 0 || client.isClosed).length, 0);
  clock.advance(1200);
  for (const client of slow) {
    const response = await client.response();
    assert.equal(response.status, 408);
    assert.ok(response.saysClose);
    assert.equal(await client.ending(), 'finished');
  }
  assert.equal((await exchangeOnce(t, gateway.port, request)).status, 200);
  const refused = gateway.records.filter(({ error }) => error === 'request_timeout');
  assert.equal(refused.length, 2000);
  assert.equal(gateway.metric('waygate_client_errors_total', { code: 'request_timeout' }), 2000);
  assert.equal(target.requestCount, 11, 'nothing of the slow heads reaches the target');
});

test('F122: a connection on which nothing comes is closed at 10 s without a word', async (t) => {
  const target = await startEchoTarget(t);
  const clock = new FakeClock();
  const gateway = await startGateway(t, routeTo(target), { clock });
  const client = await connectClient(t, gateway.port);
  await eventually(() => gateway.gateway.stats.clientConnections === 1, 'the connection is there');
  clock.advance(10_200);
  await client.ending();
  assert.equal(client.receivedLength, 0);
  assert.equal(gateway.records.length, 0);
});

test('F122: the time for a head begins with its first octet, not with the connection', async (t) => {
  const target = await startEchoTarget(t);
  const clock = new FakeClock();
  const gateway = await startGateway(t, routeTo(target), { clock });
  const client = await connectClient(t, gateway.port);
  await client.send(request);
  await client.response();
  clock.advance(60_000);
  await client.send(request.slice(0, 10));
  assert.equal((await exchangeOnce(t, gateway.port, request)).status, 200);
  clock.advance(9000);
  await client.send(request.slice(10));
  assert.equal((await client.response()).status, 200, 'the second request is well within its time');
  clock.advance(76_000);
  await client.ending();
  assert.equal(client.unread.length, 0, 'a connection at rest is closed without a word');
});

test('F122: the time-out of the configuration counts', async (t) => {
  const target = await startEchoTarget(t);
  const gateway = await startGateway(t, routeTo(target, { timeouts: { requestHeaders: '200ms' } }));
  const client = await connectClient(t, gateway.port);
  await client.send('GET / HTTP/1.1\r\nHost: gw');
  assert.equal((await client.response()).status, 408);
  await client.ending();
});
