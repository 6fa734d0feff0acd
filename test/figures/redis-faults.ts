// What a proxied request costs while something befalls the Redis that it is counted in, for each kind of fault: 400 requests a second over
// a gateway process of its own, as they were due. Arguments choose faults, such as: killed stopped cluster.
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfigInput } from '../../src/config/schema.ts';
import type { Ending } from '../kit/finish.ts';
import { eventually } from '../kit/eventually.ts';
import { openGatewayProcess } from '../kit/gateway-process.ts';
import { redisFaults } from '../kit/redis-faults.ts';
import { startCluster } from '../kit/redis-groups.ts';
import { startRedis } from '../kit/redis-server.ts';
import { buildPackage } from './built.ts';
import { type Figure, report } from './figure.ts';
import { Rate, type Sample } from './rate.ts';
import { openTarget } from './target.ts';

/** Milliseconds before, during and after the fault. */
const BEFORE = 2000;
const DURING = 2000;
const AFTER = 2500;
/** Slower than this, in milliseconds more than the usual, a request has felt the fault. */
const FELT = 20;

/** Where requests are counted, and what befalls it. */
interface Place {
  readonly redis: ConfigInput['redis'];
  readonly begin: () => Promise<unknown>;
  readonly end: () => Promise<unknown>;
}

const chosen = process.argv.slice(2);
const program = buildPackage();
const { server, url } = await openTarget((_request, response) => response.end('OK'));
for (const [name, { begin, end }] of Object.entries(redisFaults)) {
  await measured(name, async (ending) => {
    const redis = await startRedis(ending);
    // What asks it shares its process with the load, and is compiled first.
    for (let i = 0; i < 50; i++) await redis.ask('PING');
    return { redis: redis.url, begin: () => begin(redis), end: () => end(redis) };
  });
}
await measured('emptied', async (ending) => {
  const redis = await startRedis(ending);
  const restart = async (): Promise<void> => {
    await redis.kill();
    await redis.start();
  };
  return { redis: redis.url, begin: restart, end: () => redis.ask('PING') };
});
await measured('cluster', async (ending) => {
  const { nodes } = await startCluster(ending);
  const third = nodes[2];
  return {
    redis: { cluster: { nodes: nodes.map(({ port }) => `127.0.0.1:${port}`) } },
    begin: async () => third?.kill(),
    // Nodes take their time until they see each other again: what counts is from then on.
    end: async () => {
      await third?.start();
      await eventually(
        async () => String(await nodes[0]?.ask('CLUSTER', 'INFO')).includes('cluster_state:ok'),
        'the cluster is one again',
      );
    },
  };
});
server.close();
server.closeAllConnections();

async function measured(name: string, place: (ending: Ending) => Promise<Place>): Promise<void> {
  if (chosen.length > 0 && !chosen.includes(name.split(' ')[0] ?? '')) return;
  let finish: (() => unknown) | undefined;
  try {
    report(...(await fault(name, await place({ after: (given) => void (finish = given) }))));
  } finally {
    await finish?.();
  }
}

async function fault(name: string, { redis, begin, end }: Place): Promise<readonly Figure[]> {
  const gateway = await openGatewayProcess(
    {
      redis,
      upstreams: { service: url },
      policies: [{ 'rate-limit': { limit: 1_000_000, window: '1s', by: 'header:x-key' } }],
      routes: [{ path: '/', upstream: 'service' }],
      overload: { eventLoopDelay: 0 },
      log: { access: 'off' },
    },
    { main: program },
  );
  try {
    await eventually(async () => (await gateway.metric('waygate_redis_links_up')) > 0, 'Redis is used');
    const load = new Rate(gateway.port);
    // The first ones are compiled.
    await sleep(1500);
    load.samples.length = 0;
    await sleep(BEFORE);
    const [began] = [performance.now(), await begin()];
    await sleep(DURING);
    await end();
    const ended = performance.now();
    const errors = (): Promise<number> => gateway.metric('waygate_policy_rate_limit_store_errors_total');
    let [before, back] = [await errors(), 0];
    while (performance.now() < ended + AFTER) {
      await sleep(100);
      const now = await errors();
      if (now > before) back = 0;
      else back ||= performance.now();
      before = now;
    }
    await load.stop();
    return figures(name, load.samples, began, back === 0 ? Infinity : back - ended);
  } finally {
    await gateway.close();
  }
}

function figures(
  name: string,
  samples: readonly Sample[],
  began: number,
  recovery: number,
): readonly Figure[] {
  const usual = p99(samples.filter(({ due }) => due < began - 100));
  const since = samples.filter(({ due }) => due >= began - 50);
  const worst = Math.max(...slices(since).map((slice) => p99(slice)));
  const felt = since.filter(({ took }) => took > usual + FELT);
  const first = felt[0]?.due ?? 0;
  const span = felt.length === 0 ? 0 : Math.max(...felt.map(({ due, took }) => due + took)) - first;
  const failed = samples.filter(({ status }) => status !== 200).length;
  return [
    {
      name: `${name}: p99 of the worst second, beside ${usual.toFixed(1)} ms before`,
      measured: `${worst.toFixed(1)} ms; ${felt.length} of ${samples.length} requests felt it, within ${span.toFixed(0)} ms; ${failed} failed`,
      asked: 'at most 50 ms more, and none failed',
      met: worst <= usual + 50 && failed === 0,
    },
    {
      name: `${name}: until Redis is used again`,
      measured: `${recovery.toFixed(0)} ms`,
      asked: 'at most 2000 ms',
      met: recovery <= 2000,
    },
  ];
}

function slices(samples: readonly Sample[]): readonly (readonly Sample[])[] {
  const bySlice = Map.groupBy(samples, ({ due }) => Math.floor(due / 1000));
  return [...bySlice.values()].filter((slice) => slice.length >= 200);
}

function p99(samples: readonly Sample[]): number {
  const sorted = samples.map(({ took }) => took).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
}
