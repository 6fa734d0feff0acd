import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { z } from 'zod';
import { definePolicy } from '../../src/core/policy.ts';
import { eventually } from '../kit/eventually.ts';
import type { RawClient } from '../kit/raw-client.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { silent } from '../kit/replies.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: gw.test\r\n\r\n`;

/** Longer than the time-outs below: the process has no processor for so long; milliseconds. */
const starvation = 1500;

/** A policy that takes the only thread for a while, on `/starve`, after it has done something that others must not miss. */
function starving(before: () => void) {
  return definePolicy({
    name: 'starve',
    description: 'Holds up everything.',
    options: z.strictObject({}),
    create: () => ({
      onRequest({ request }) {
        if (request.path !== '/starve') return;
        before();
        const until = performance.now() + starvation;
        while (performance.now() < until);
      },
    }),
  });
}

async function clientThat(t: TestContext, port: number, sends: string): Promise<RawClient> {
  const client = await connectClient(t, port);
  await client.send(sends);
  return client;
}

test('F186: what arrived while the process was starved has arrived in time', async (t) => {
  const half = get('/slow').length - 10;
  const clients: RawClient[] = [];
  const policy = starving(() => {
    // From here on it lies in the system, and nobody reads it before the time is over.
    clients[0]?.socket.write(get('/slow').slice(half));
    clients[1]?.socket.write('1234');
    target.connections[0]?.socket.write('HTTP/1.1 204 No Content\r\n\r\n');
  });
  const target = await startRecordingTarget(t);
  target.next(silent);
  const config = routeTo(target);
  const gateway = await startGateway(
    t,
    {
      ...config,
      timeouts: { requestHeaders: '1s', requestBodyIdle: '1s' },
      limits: { bodyMinRate: 0 },
      upstreams: { service: { targets: [target.url], timeouts: { responseHeaders: '1s' } } },
      policies: [{ starve: {} }],
    },
    { policies: [policy] },
  );
  clients.push(await clientThat(t, gateway.port, get('/slow').slice(0, half)));
  await eventually(() => gateway.gateway.stats.clientConnections === 1, 'the first half has arrived');
  const waiting = await clientThat(t, gateway.port, get('/waiting'));
  await target.request(0);
  clients.push(
    await clientThat(t, gateway.port, 'POST /up HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 8\r\n\r\n1234'),
  );
  await target.head(1);
  await exchangeOnce(t, gateway.port, get('/starve'));
  for (const client of [...clients, waiting]) {
    const { status } = await client.response();
    assert.ok(status < 300, `${status}`);
  }
});
