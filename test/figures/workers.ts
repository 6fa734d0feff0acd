// Kills a thread of two again and again under load: how many exchanges fail each time, and how long until it is replaced.
import { createGatewayWith } from '../../src/gateway/gateway.ts';
import { eventually } from '../kit/eventually.ts';
import { faultPolicy } from '../kit/fault-policy.ts';
import { openClient } from '../kit/raw-client.ts';
import { sumMetric } from '../kit/start-gateway.ts';
import { faultyWorkers, get, workerOf } from '../kit/worker-gateway.ts';
import { report } from './figure.ts';
import { failuresIn, Load } from './load.ts';
import { openTarget } from './target.ts';

const KILLS = 20;
const CONNECTIONS = 32;

const { server, url } = await openTarget((_request, response) => response.end('OK'));
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
const gateway = await createGatewayWith(
  {
    config: {
      listen: { host: '127.0.0.1', port: 0 },
      workers: 2,
      upstreams: { service: url },
      policies: [{ fault: {} }],
      routes: [{ path: '/', upstream: 'service' }],
      // Load, target and both threads share two cores here: nothing is to be shed over that.
      overload: { eventLoopDelay: 0 },
    },
    policies: [faultPolicy],
    accessLog: false,
    logger: silent,
  },
  faultyWorkers,
);
const port = gateway.addresses[0]?.port ?? 0;
const load = new Load(port, '/x', CONNECTIONS);
const failed: number[] = [];
const replaced: number[] = [];
let backwards = 0;
let counted = 0;
try {
  await eventually(() => load.answered > 2000, 'the load runs', 60_000);
  for (let kill = 0; kill < KILLS; kill++) {
    const before = { answered: load.answered, failed: load.failed };
    await killOne(1 + (kill % 2));
    const since = performance.now();
    await eventually(() => gateway.workers === 1, 'one is gone', 5000);
    await eventually(() => gateway.workers === 2, 'it is replaced', 20_000);
    replaced.push(performance.now() - since);
    await eventually(() => load.answered > before.answered + 2000, 'requests go on', 60_000);
    failed.push(load.failed - before.failed);
    const now = sumMetric(gateway.metrics(), 'waygate_requests_total', {});
    if (now < counted) backwards++;
    counted = now;
  }
} finally {
  const result = await load.stop();
  await gateway.close();
  server.close();
  server.closeAllConnections();
  const most = Math.max(...failed);
  report(
    {
      name: 'requests answered, and what failed',
      measured: `${result.answered}, ${failuresIn(result)}`,
      asked: 'no more than were under way',
      met: result.answered > KILLS * 1000,
    },
    {
      name: `failed exchanges for each of ${failed.length} killed threads, of ${CONNECTIONS} under way in both`,
      measured: failed.toSorted((a, b) => a - b).join(' '),
      asked: `at most ${CONNECTIONS}`,
      met: failed.length === KILLS && most <= CONNECTIONS,
    },
    {
      name: 'until it was replaced',
      measured: `median ${median(replaced).toFixed(0)} ms, at most ${Math.max(...replaced).toFixed(0)} ms`,
      asked: 'at most 1000 ms',
      met: Math.max(...replaced) <= 1000,
    },
    { name: 'counters that went backwards', measured: String(backwards), asked: '0', met: backwards === 0 },
  );
}

/** Lets a thread end itself, by a request on a connection that it has. */
async function killOne(worker: number): Promise<void> {
  for (;;) {
    const client = await openClient(port);
    if ((await workerOf(client)) !== worker) {
      client.destroy();
      continue;
    }
    await client.send(get('/fault/exit'));
    await client.closed;
    return;
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}
