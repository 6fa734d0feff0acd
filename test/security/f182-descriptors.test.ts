import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startEchoTarget } from '../kit/echo-target.ts';
import { eventually } from '../kit/eventually.ts';
import type { GatewayProcess } from '../kit/gateway-process.ts';
import { startGatewayProcess } from '../kit/gateway-process.ts';
import type { RawClient } from '../kit/raw-client.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { routeTo } from '../kit/start-gateway.ts';

const get = 'GET / HTTP/1.1\r\nHost: gw.test\r\nConnection: close\r\n\r\n';

/** Starts what follows with so many file descriptors and no more. */
const withDescriptors = (count: number): string[] => ['sh', '-c', `ulimit -n ${count} && exec "$@"`, 'sh'];

/** Milliseconds of processor time that a process has used. */
function processorTime({ pid }: GatewayProcess): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

test('F182: when its descriptors are used up, a gateway neither ends nor spins, and recovers', async (t) => {
  const target = await startEchoTarget(t);
  const gateway = await startGatewayProcess(t, routeTo(target, { limits: { connections: 10_000 } }), {
    under: withDescriptors(80),
  });
  const served = await connectClient(t, gateway.port);
  const keepAlive = get.replace('Connection: close\r\n', '');
  await served.send(keepAlive);
  assert.equal((await served.response()).status, 200);

  const clients: RawClient[] = [];
  for (let i = 0; i < 200; i++) clients.push(await connectClient(t, gateway.port));
  await eventually(() => clients.some(({ isClosed }) => isClosed), 'those beyond the limit are let go of');
  // Whoever is in is still answered, though perhaps that there is no way to the service.
  await served.send(keepAlive);
  assert.ok([200, 502, 503, 504].includes((await served.response()).status));

  // The time is what is measured: a loop over a connection that cannot be accepted would use all of it.
  const before = processorTime(gateway);
  await pause(1000);
  const used = processorTime(gateway) - before;
  assert.ok(used < 500, `${used} ms of processor time in a second of rest`);

  for (const client of clients) client.destroy();
  await eventually(async () => (await exchangeOnce(t, gateway.port, get)).status === 200, 'it serves again');
  assert.equal(await gateway.metric('waygate_requests_in_flight'), 0);
  assert.equal(gateway.child.exitCode, null);
});

test('F182 F126: the limit of connections leaves descriptors for targets and the admin listener', async (t) => {
  const target = await startEchoTarget(t);
  const gateway = await startGatewayProcess(t, routeTo(target), { under: withDescriptors(600) });
  const keepAlive = get.replace('Connection: close\r\n', '');
  const clients: RawClient[] = [];
  for (let i = 0; i < 400; i++) clients.push(await connectClient(t, gateway.port));
  // Half of 600, less 200.
  await eventually(
    () => clients.filter(({ isClosed }) => !isClosed).length === 100,
    'a hundred are taken in',
  );
  const within = clients.filter(({ isClosed }) => !isClosed);
  await Promise.all(within.map((client) => client.send(keepAlive)));
  for (const client of within) assert.equal((await client.response()).status, 200);
  assert.equal(await gateway.metric('waygate_shed_total', { reason: 'connections' }), 300);
});
