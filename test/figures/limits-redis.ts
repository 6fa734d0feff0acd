// Races 100,000 requests against a limit, over 1, 2, 4 and 8 gateway processes that have one Redis in common: the target has to count
// exactly what the limit allows. Then with a limit that is given back meanwhile, and with limits that are settled afterwards.
// Arguments choose from: 1 2 4 8 refill synced.
import { RedisServer, freePort } from '../kit/redis-server.ts';
import { type GatewayProcess, openGatewayProcess } from '../kit/gateway-process.ts';
import { eventually } from '../kit/eventually.ts';
import { buildPackage } from './built.ts';
import { type Figure, report } from './figure.ts';
import { flood } from './flood.ts';
import { openTarget } from './target.ts';

const REQUESTS = 100_000;
const LIMIT = 20_000;
const CONNECTIONS = 64;
/** Requests that come alone at first: with them, a bucket is not empty by the time the others come. */
const FIRST = 800;
/** Milliseconds. */
const SYNC_EVERY = 100;

/** A race, as it went. */
interface Race {
  readonly passed: number;
  readonly refused: number;
  /** Requests decided without Redis. */
  readonly errors: number;
  /** When each request reached the target, in milliseconds. */
  readonly times: readonly number[];
  /** What Redis had of the key behind the first requests, all of which pass, and behind the last: time, level. */
  readonly cells: readonly (readonly [time: number, level: number])[];
}

const chosen = process.argv.slice(2);
const wanted = (name: string): boolean => chosen.length === 0 || chosen.includes(name);
const program = buildPackage();
for (const gateways of [1, 2, 4, 8]) if (wanted(String(gateways))) report(await exactly(gateways));
if (wanted('refill')) report(await withRefill(4));
if (wanted('synced')) for (const gateways of [2, 4]) report(await synced(gateways));

async function exactly(gateways: number): Promise<Figure> {
  // So long a window that nothing is given back meanwhile.
  const { passed, refused, errors } = await race(gateways, { limit: LIMIT, window: '31d' });
  return {
    name: `${REQUESTS} requests over ${gateways} gateways and one Redis: counted at the target`,
    measured: `${passed}; ${refused} refused, ${errors} decided without Redis`,
    asked: `exactly ${LIMIT}`,
    met: passed === LIMIT && errors === 0 && passed + refused >= REQUESTS,
  };
}

async function withRefill(gateways: number): Promise<Figure> {
  const limit = 500;
  const { passed, errors, cells } = await race(gateways, { limit, window: '1s', burst: 1000 });
  const [[first, before] = [0, 0], [last, after] = [0, 0]] = cells;
  // What is in the bucket at the end is what was put in, less what drained: 500 a millisecond, a unit being 1,000.
  const allowed = (after - before + limit * (last - first)) / 1000 + FIRST;
  return {
    name: `the same over ${gateways}, while 500 a second are given back: counted at the target`,
    measured: `${passed} in ${last - first} ms by the clock of Redis, ${errors} decided without it`,
    asked: `exactly ${allowed}, as its clock and what it has at the end say`,
    met: passed === allowed && errors === 0,
  };
}

async function synced(gateways: number): Promise<Figure> {
  const options = { limit: LIMIT, window: '31d', mode: 'synced', syncEvery: `${SYNC_EVERY}ms` };
  const { passed, errors, times } = await race(gateways, options);
  // The most that all together let pass within twice the interval, and a round trip on a machine that is busy.
  const most = mostWithin(times, 2 * SYNC_EVERY + 50);
  const bound = Math.ceil((most * (gateways - 1)) / gateways);
  return {
    name: `the same over ${gateways}, settled every ${SYNC_EVERY} ms: more than the limit at the target`,
    measured: `${passed - LIMIT}, ${errors} decided out of touch with Redis`,
    asked: `at most ${bound}, which is ${gateways - 1} times what one let pass in ${2 * SYNC_EVERY + 50} ms`,
    met: passed >= LIMIT && passed - LIMIT <= bound && errors === 0,
  };
}

function mostWithin(times: readonly number[], span: number): number {
  let [most, from] = [0, 0];
  for (const [to, time] of times.entries()) {
    while ((times[from] ?? 0) < time - span) from++;
    most = Math.max(most, to - from + 1);
  }
  return most;
}

async function race(count: number, limit: Record<string, unknown>): Promise<Race> {
  const redis = new RedisServer(await freePort(), []);
  await redis.start();
  const times: number[] = [];
  const { server, url } = await openTarget((_request, response) => {
    times.push(performance.now());
    response.end('OK');
  });
  const gateways: GatewayProcess[] = [];
  try {
    const started = Array.from({ length: count }, () =>
      openGatewayProcess(
        {
          // All of them share two cores with the load: what is asked for is the count, not the wait.
          redis: { url: redis.url, timeout: '5s' },
          upstreams: { service: url },
          policies: [{ 'rate-limit': limit }] as never,
          routes: [{ path: '/', upstream: 'service' }],
          limits: { requestsPerConnection: 0 },
          overload: { eventLoopDelay: 0 },
          log: { access: 'off' },
        },
        { main: program },
      ),
    );
    gateways.push(...(await Promise.all(started)));
    for (const gateway of gateways)
      await eventually(async () => (await gateway.metric('waygate_redis_links_up')) > 0, 'Redis is used');
    const cells = [];
    const ports = gateways.map(({ port }) => port);
    let refused = await flood(ports[0] ?? 0, FIRST);
    cells.push(await cellOf(redis));
    const each = Math.ceil((REQUESTS - FIRST) / CONNECTIONS);
    const floods = Array.from({ length: CONNECTIONS }, (_, i) => flood(ports[i % count] ?? 0, each));
    for (const more of await Promise.all(floods)) refused += more;
    cells.push(await cellOf(redis));
    let errors = 0;
    for (const gateway of gateways)
      errors += await gateway.metric('waygate_policy_rate_limit_store_errors_total');
    return { passed: times.length, refused, errors, times, cells };
  } finally {
    await Promise.all(gateways.map((gateway) => gateway.close()));
    server.close();
    server.closeAllConnections();
    await redis.close();
  }
}

/** What Redis has of the only key there is. */
async function cellOf(redis: RedisServer): Promise<readonly [time: number, level: number]> {
  const [key] = (await redis.ask('KEYS', 'waygate:limit:*')) as string[];
  if (key === undefined) return [0, 0];
  const [time, level] = String(await redis.ask('GET', key)).split(' ');
  return [Number(time), Number(level)];
}
