// Lets 50 users ask for what is cacheable and what is not, in all the ways in which caches have confused them, and looks whether anybody gets
// what is somebody else's: one gateway, one with two threads, and two gateways on one Redis.
// node test/figures/cache-canaries.ts [requests of each kind] [seed]; 10^6 altogether by default takes ten minutes.
import { createGatewayWith } from '../../src/gateway/gateway.ts';
import type { Gateway } from '../../src/gateway/gateway-options.ts';
import { usualWorkers } from '../../src/gateway/workers/worker-settings.ts';
import { canaryConfig, runCanaries } from '../kit/canaries/scene.ts';
import { openCanaryTarget } from '../kit/canaries/target.ts';
import type { Ending } from '../kit/finish.ts';
import { startRedis } from '../kit/redis-server.ts';
import { type Figure, mebibytes, report } from './figure.ts';

const requests = Number(process.argv[2] ?? 340_000);
const seed = Number(process.argv[3] ?? Math.floor(Math.random() * 1e6));
const kinds = (process.argv[4] ?? 'one,threads,redis').split(',');
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
console.log(`seed ${seed}`);

for (const kind of kinds) report(...(await run(kind)));

async function run(kind: string): Promise<Figure[]> {
  const ends: (() => unknown)[] = [];
  const ending: Ending = { after: (finisher) => void ends.push(finisher) };
  const target = await openCanaryTarget(seed);
  const redis = kind === 'redis' ? { url: (await startRedis(ending)).url } : undefined;
  const gateways: Gateway[] = [];
  for (let index = 0; index < (kind === 'redis' ? 2 : 1); index++) {
    const more = { workers: kind === 'threads' ? 2 : 1, ...(redis === undefined ? {} : { redis }) };
    gateways.push(await open(canaryConfig(target.url, more)));
  }
  const [first = 0, ...others] = gateways.map(({ addresses }) => addresses[0]?.port ?? 0);
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 1000);
  const tally = await runCanaries({
    seed,
    ports: [first, ...others],
    abreast: 64,
    goesOn: (so) => so.requests < requests,
  });
  clearInterval(watch);
  for (const gateway of gateways) await gateway.close();
  await target.close();
  for (const end of ends) await end();
  for (const leak of tally.leaks) console.log(leak);
  const { shared, broken, leaks } = tally;
  return [
    {
      name: `${tally.requests} requests, ${kind}: answers that were somebody else's`,
      measured: `${leaks.length}; ${shared} were shared, ${broken} broken off, ${target.asked} asked of the target`,
      asked: 'none, with at least a tenth shared',
      met: leaks.length === 0 && tally.requests >= requests && shared > requests / 10,
    },
    {
      name: `most memory of gateways, target and clients, ${kind}`,
      measured: mebibytes(most),
      asked: 'at most 1024 MiB',
      met: most < 1024 * 1024 * 1024,
    },
  ];
}

function open(config: ReturnType<typeof canaryConfig>): Promise<Gateway> {
  const common = {
    listen: { host: '127.0.0.1', port: 0 },
    overload: { eventLoopDelay: 0, memory: 0 },
  } as const;
  return createGatewayWith(
    { config: { ...config, ...common }, accessLog: false, logger: silent },
    usualWorkers,
  );
}
