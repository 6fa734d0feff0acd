import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { Load } from '../figures/load.ts';
import { startTarget } from '../kit/echo-target.ts';
import { eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { startGatewayProcess, withPorts } from '../kit/gateway-process.ts';
import { connectClient } from '../kit/raw-client.ts';
import { handshake, startSocketTarget } from '../kit/socket-target.ts';

// The same at full length: test/figures/reloads.ts and test/figures/drains.ts.

test('F165: ten reloads under load, by file and by SIGHUP, fail no request', async (t) => {
  const target = await startTarget(t, (_incoming, response) => response.end('OK'));
  const version = (i: number): ConfigInput =>
    withPorts({
      upstreams: { service: target.url, [`other-${i}`]: target.url },
      policies: [{ headers: { response: { set: { 'x-version': String(i) } } } }],
      routes: [
        { path: '/', upstream: 'service' },
        { path: `/route-${i}`, upstream: `other-${i}` },
      ],
      log: { access: 'off' },
    });
  const gateway = await startGatewayProcess(t, version(0));
  const load = new Load(gateway.port, '/x', 8);
  let stopped = false;
  onFinish(t, 'clients', async () => {
    if (!stopped) await load.stop();
  });
  for (let i = 1; i <= 10; i++) {
    const before = load.answered;
    gateway.folder.replace('waygate.json', version(i));
    if (i % 2 === 0) gateway.child.kill('SIGHUP');
    await eventually(
      async () => (await gateway.metric('waygate_config_reloads_total', { result: 'ok' })) >= i,
      `reload ${i} is done`,
    );
    await eventually(() => load.answered > before + 100, 'requests go on');
  }
  const { answered, failures } = await load.stop();
  stopped = true;
  assert.ok(answered > 1000);
  assert.deepEqual([...failures], []);
  assert.equal(await gateway.metric('waygate_config_reloads_total', { result: 'failed' }), 0);
});

test('F177: SIGTERM loses nothing of forty exchanges, and closes streams that have no end', async (t) => {
  const service = await startTarget(t, (incoming, response) => {
    if (incoming.url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: one\n\n');
      return;
    }
    if (incoming.url === '/begun') response.write('begun ');
    incoming.resume().on('end', () => setTimeout(() => response.end('complete'), 200));
  });
  const sockets = await startSocketTarget(t);
  const gateway = await startGatewayProcess(t, {
    upstreams: { service: service.url, sockets: sockets.url },
    routes: [
      { path: '/', upstream: 'service' },
      { path: '/socket', upstream: 'sockets' },
    ],
    drain: { accept: 0, timeout: '1s' },
    log: { access: 'json' },
  });
  const endless = await Promise.all([connectClient(t, gateway.port), connectClient(t, gateway.port)]);
  await endless[0].send(handshake);
  await endless[1].send('GET /events HTTP/1.1\r\nHost: gw.test\r\n\r\n');
  for (const client of endless) await client.receivedAtLeast(1);
  const uploads: (() => void)[] = [];
  const exchanges = Array.from({ length: 38 }, async (_, n) => {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const path = n % 2 === 0 ? '/late' : '/begun';
    const upload = n % 3 === 0;
    const outgoing = request(
      { port: gateway.port, path, method: upload ? 'POST' : 'GET', agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part: string) => (text += part));
        response.on('end', () => resolve(text)).on('error', reject);
      },
    );
    outgoing.on('error', reject);
    if (upload) {
      outgoing.write('half');
      uploads.push(() => outgoing.end('half'));
    } else outgoing.end();
    return promise;
  });
  await eventually(
    async () => (await gateway.metric('waygate_requests_in_flight')) === 40,
    'all are under way',
  );
  gateway.child.kill('SIGTERM');
  await eventually(() => gateway.err.includes('"draining"'), 'it drains');
  for (const finish of uploads) finish();
  for (const text of await Promise.all(exchanges)) assert.match(text, /^(begun )?complete$/);
  for (const client of endless) assert.equal(await client.ending(), 'finished');
  assert.equal(await gateway.ended, 0);
  const lines = gateway.out.trimEnd().split('\n');
  assert.equal(lines.length, 40, gateway.out);
  for (const line of lines) assert.equal(typeof JSON.parse(line), 'object');
});
