import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { pipeline } from 'node:stream';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startEchoTarget } from '../kit/echo-target.ts';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { listen, stopListening } from '../kit/listen.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { handshake } from '../kit/socket-target.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const get = 'GET /a HTTP/1.1\r\nHost: gw.test\r\n\r\n';

/** Something between the gateway and itself that the configuration cannot know of: what goes in comes out at a port. */
async function startForwarder(t: TestContext): Promise<{ url: string; to: (port: number) => void }> {
  let port = 0;
  const server = createServer((socket) => {
    const onwards = connect(port, '127.0.0.1');
    pipeline(socket, onwards, socket, () => {});
  });
  const address = await listen(server);
  onFinish(t, 'targets', () => stopListening(server));
  return { url: `http://127.0.0.1:${address.port}`, to: (target) => (port = target) };
}

test('F169: a gateway that is its own target answers 508, after one round', async (t) => {
  const self = await startForwarder(t);
  const gateway = await startGateway(t, {
    upstreams: { self: { targets: [self.url], timeouts: { keepAlive: '100ms' } } },
    routes: [
      { path: '/', upstream: 'self' },
      { path: '/deeper', upstream: 'self', rewrite: '/deeper/and/deeper' },
    ],
  });
  self.to(gateway.port);
  for (const request of [get, get.replace('/a', '/deeper'), handshake]) {
    const before = gateway.records.length;
    const response = await exchangeOnce(t, gateway.port, request);
    assert.equal(response.status, 508);
    assert.match(response.text, /loop_detected/);
    await gateway.record(before + 1);
    assert.equal(gateway.records.length, before + 2, 'the request of the client, and its echo');
  }
});

test('F169: an upstream that leads to the admin listener is served nothing', async (t) => {
  const admin = await startForwarder(t);
  const gateway = await startGateway(t, { ...routeTo(admin), admin: { port: 0 } });
  admin.to(gateway.gateway.adminAddress?.port ?? 0);
  for (const path of ['/metrics', '/config', '/healthz', '/readyz']) {
    const response = await exchangeOnce(t, gateway.port, get.replace('/a', path));
    assert.equal(response.status, 403);
    assert.doesNotMatch(response.text, /waygate_|upstreams/);
  }
});

test('F170: two gateways that are each the target of the other answer 508', async (t) => {
  const forwarder = await startForwarder(t);
  const one = await startGateway(
    t,
    routeTo(forwarder, {
      upstreams: { service: { targets: [forwarder.url], timeouts: { keepAlive: '100ms' } } },
    }),
  );
  const two = await startGateway(t, routeTo({ url: `http://127.0.0.1:${one.port}` }));
  forwarder.to(two.port);
  for (const { port } of [one, two]) {
    const before = one.records.length + two.records.length;
    assert.equal((await exchangeOnce(t, port, get)).status, 508);
    await eventually(() => one.records.length + two.records.length === before + 3, 'it goes round once');
  }
});

test('F170: a chain of gateways of the same name is no loop', async (t) => {
  const target = await startEchoTarget(t);
  let last = await startGateway(t, routeTo(target));
  for (let i = 0; i < 4; i++) last = await startGateway(t, routeTo({ url: `http://127.0.0.1:${last.port}` }));
  assert.equal((await exchangeOnce(t, last.port, get)).status, 200);
});

test('F170: a request that has passed more than twenty hands goes no further', async (t) => {
  const target = await startEchoTarget(t);
  const gateway = await startGateway(t, routeTo(target));
  const via = (hops: number): string =>
    get.replace(
      '\r\n\r\n',
      `\r\nVia: ${Array.from({ length: hops }, (_, i) => `1.1 proxy${i}`).join(', ')}\r\n\r\n`,
    );
  assert.equal((await exchangeOnce(t, gateway.port, via(20))).status, 200);
  assert.equal((await exchangeOnce(t, gateway.port, via(21))).status, 508);
  const lines = get.replace('\r\n\r\n', `\r\n${'Via: 1.1 a\r\n'.repeat(21)}\r\n`);
  assert.equal((await exchangeOnce(t, gateway.port, lines)).status, 508);
});

test('F170: what a client writes into Via is no loop unless it names this very gateway', async (t) => {
  const target = await startEchoTarget(t);
  const gateway = await startGateway(t, routeTo(target));
  for (const value of [
    '1.1 waygate',
    '1.1 waygate-00000000',
    ',,,',
    '1.1',
    'x'.repeat(5000),
    '1.1 a (comment, 1.1 b)',
  ]) {
    const response = await exchangeOnce(
      t,
      gateway.port,
      get.replace('\r\n\r\n', `\r\nVia: ${value}\r\n\r\n`),
    );
    assert.equal(response.status, 200, value);
  }
});
