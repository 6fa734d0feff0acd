import assert from 'node:assert/strict';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'node:test';
import { startTarget } from '../kit/echo-target.ts';
import { eventually } from '../kit/eventually.ts';
import type { GatewayProcess } from '../kit/gateway-process.ts';
import { startGatewayProcess } from '../kit/gateway-process.ts';
import { connectClient } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { play, send } from '../kit/replies.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const mebibyte = 1024 * 1024;

/** A body many times larger than what a gateway may hold; octets. */
const total = 256 * mebibyte;

/** What a process may grow by while it warms up; a body that were gathered would show as more. */
const growth = 64 * mebibyte;

/** So many octets, as fast as they are taken. */
function zeros(length: number): Readable {
  const chunk = Buffer.alloc(mebibyte);
  let sent = 0;
  return new Readable({
    read() {
      sent += chunk.length;
      this.push(sent > length ? null : chunk);
    },
  });
}

function assertSteady(gateway: GatewayProcess, before: number): void {
  const { most } = gateway.resident();
  assert.ok(most - before < growth, `${(most - before) / mebibyte} MiB more than before`);
}

test('F125: a chunked upload without end takes constant memory', async (t) => {
  let received = 0;
  const target = await startTarget(t, (incoming, response) => {
    incoming.on('data', (chunk: Buffer) => (received += chunk.length));
    incoming.on('end', () => response.end());
  });
  const gateway = await startGatewayProcess(
    t,
    routeTo(target, { limits: { body: 0 }, log: { access: 'off' } }),
  );
  const before = gateway.resident().now;
  const upload = request({ port: gateway.port, method: 'POST', agent: false });
  const status = new Promise((resolve) => upload.on('response', (response) => resolve(response.statusCode)));
  await pipeline(zeros(total), upload);
  assert.equal(await status, 200);
  assert.equal(received, total);
  assertSteady(gateway, before);
});

test('F125: a large download takes constant memory', async (t) => {
  const target = await startTarget(t, (_incoming, response) => void pipeline(zeros(total), response));
  const gateway = await startGatewayProcess(t, routeTo(target, { log: { access: 'off' } }));
  const before = gateway.resident().now;
  let received = 0;
  await new Promise((resolve) => {
    request({ port: gateway.port, agent: false }, (response) => {
      response.on('data', (chunk: Buffer) => (received += chunk.length));
      response.on('end', resolve);
    }).end();
  });
  assert.equal(received, total);
  assertSteady(gateway, before);
});

test('F125: a chunked upload is cut off at the limit with 413, and its target is freed', async (t) => {
  const target = await startRecordingTarget(t, { keepBytes: false });
  const gateway = await startGateway(t, routeTo(target));
  const client = await connectClient(t, gateway.port);
  await client.send('POST / HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n');
  const chunk = `40000\r\n${'x'.repeat(0x40000)}\r\n`;
  for (let sent = 0; sent < 20 * mebibyte && client.receivedLength === 0; sent += 0x40000) {
    await client.send(chunk);
  }
  const response = await client.response();
  assert.equal(response.status, 413);
  await client.ending();
  await eventually(() => target.openConnections.length === 0, 'the target is freed');
  assert.equal(target.completeRequests.length, 0);
  assert.ok(target.receivedLength < 10.2 * mebibyte, `${target.receivedLength} octets have been passed on`);
  assert.equal(gateway.records[0]?.error, 'body_too_large');
});

test('F125: a body that is announced too large is refused before anything is sent to a target', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, routeTo(target));
  const client = await connectClient(t, gateway.port);
  await client.send(`POST / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: ${100 * 1024 ** 3}\r\n\r\n`);
  assert.equal((await client.response()).status, 413);
  await client.ending();
  assert.equal(target.connections.length, 0);
});

test('F125: the end of an endless download is its client', async (t) => {
  const chunk = `10000\r\n${'x'.repeat(0x10000)}\r\n`;
  const target = await startRecordingTarget(t, {
    script: play(send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'), async (turn) => {
      while (turn.socket.writable) await send(chunk)(turn);
    }),
  });
  const gateway = await startGateway(t, routeTo(target));
  const client = await connectClient(t, gateway.port);
  client.forgetReceived();
  await client.send('GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n');
  await client.receivedAtLeast(8 * mebibyte);
  client.reset();
  await eventually(() => target.openConnections.length === 0, 'the target is let go of', 1000);
  assert.equal((await gateway.record(0)).error, 'client_aborted');
});
