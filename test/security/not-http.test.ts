import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { SeededRandom } from '../conformance/differential/seeded-random.ts';
import { startEchoTarget } from '../kit/echo-target.ts';
import { connectClient } from '../kit/raw-client.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

// In numbers: test/figures/garbage.ts.

test('a hundred octets of anything but HTTP are refused, closed upon, and logged in one line', async (t) => {
  const target = await startEchoTarget(t);
  const gateway = await startGateway(t, routeTo(target));
  const random = new SeededRandom(1);
  const octets = Array.from({ length: 50 }, () => Uint8Array.from({ length: 100 }, () => random.below(256)));
  const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
  for (const [index, garbage] of [...octets, preface].entries()) {
    const client = await connectClient(t, gateway.port);
    await client.send(garbage);
    assert.ok([400, 501, 505].includes((await client.response()).status));
    await client.ending(1000);
    client.destroy();
    await gateway.record(index);
  }
  assert.equal(gateway.records.length, octets.length + 1);
  assert.equal(gateway.metric('waygate_client_errors_total'), octets.length + 1);
  assert.equal(target.requestCount, 0);
});

test('a TLS client on the plain port fails at once, with one line in the log', async (t) => {
  const target = await startEchoTarget(t);
  const gateway = await startGateway(t, routeTo(target));
  const socket = connectTls({ port: gateway.port, host: '127.0.0.1', rejectUnauthorized: false });
  const error = await new Promise((resolve) => socket.on('error', resolve));
  assert.ok(error instanceof Error);
  const { status, error: code } = await gateway.record(0);
  assert.deepEqual([status, code], [400, 'bad_request']);
  assert.equal(gateway.records.length, 1);
});
