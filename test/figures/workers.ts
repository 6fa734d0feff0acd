// Kills a thread of two again and again under load: how many exchanges fail each time, whose they were, and how long
// until it is replaced.
import { Agent, request } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGatewayWith } from '../../src/gateway/gateway.ts';
import { eventually } from '../kit/eventually.ts';
import { faultPolicy } from '../kit/fault-policy.ts';
import { openClient } from '../kit/raw-client.ts';
import { sumMetric } from '../kit/start-gateway.ts';
import { faultyWorkers, get, workerOf } from '../kit/worker-gateway.ts';
import { report } from './figure.ts';
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
      // Connections are made anew now and then, so that both threads have some again after a kill.
      limits: { requestsPerConnection: 50 },
      // Load, target and both threads share this machine: nothing is to be shed over that.
      overload: { eventLoopDelay: 0 },
    },
    policies: [faultPolicy],
    accessLog: false,
    logger: silent,
  },
  faultyWorkers,
);
const port = gateway.addresses[0]?.port ?? 0;
const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
/** Which thread a connection is with, once it has answered. */
const workers = new WeakMap<Socket, number>();
let answered = 0;
/** By the thread that the connection was with; 0 for one that had no answer yet. */
let failures: number[] = [];
let stopping = false;
const running = Array.from({ length: CONNECTIONS }, async () => {
  while (!stopping) await exchange();
});

const perKill: number[] = [];
const replaced: number[] = [];
let foreign = 0;
let backwards = 0;
let counted = 0;
try {
  for (let kill = 0; kill < KILLS; kill++) {
    // Long enough for a thread that dies afterwards to be no sign of more to come.
    await sleep(faultyWorkers.goodLife + 500);
    const killed = 1 + (kill % 2);
    failures = [];
    await killOne(killed);
    const since = performance.now();
    await eventually(() => gateway.workers === 1, 'one is gone', 5000);
    await eventually(() => gateway.workers === 2, 'it is replaced', 20_000);
    replaced.push(performance.now() - since);
    perKill.push(failures.length);
    foreign += failures.filter((worker) => worker !== killed && worker !== 0).length;
    const now = sumMetric(gateway.metrics(), 'waygate_requests_total', {});
    if (now < counted) backwards++;
    counted = now;
  }
} finally {
  stopping = true;
  await Promise.all(running);
  agent.destroy();
  await gateway.close();
  server.close();
  server.closeAllConnections();
  report(
    {
      name: `failed exchanges for each of ${perKill.length} killed threads, of ${CONNECTIONS} under way in both`,
      measured: `${perKill.toSorted((a, b) => a - b).join(' ')}; ${answered} answered`,
      asked: `fewer than ${CONNECTIONS}`,
      met: perKill.length === KILLS && Math.max(...perKill) < CONNECTIONS,
    },
    {
      name: 'those of them that were with the other thread',
      measured: String(foreign),
      asked: '0',
      met: foreign === 0,
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

/** One request on one of the connections. */
function exchange(): Promise<void> {
  return new Promise((resolve) => {
    const outgoing = request({ port, path: '/x', agent }, (response) => {
      const { socket } = response;
      workers.set(socket, Number(response.headers['x-worker']));
      response.on('end', () => {
        answered++;
        resolve();
      });
      response.resume();
    });
    outgoing.on('error', () => {
      failures.push((outgoing.socket === null ? undefined : workers.get(outgoing.socket)) ?? 0);
      resolve();
    });
    outgoing.end();
  });
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
