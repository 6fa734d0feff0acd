// 100 reloads, every second one by SIGHUP, under a load of at least 100,000 requests: no failed request, memory flat.
import type { ConfigInput } from '../../src/config/schema.ts';
import { eventually } from '../kit/eventually.ts';
import { openGatewayProcess, withPorts } from '../kit/gateway-process.ts';
import { mebibytes, report } from './figure.ts';
import { failuresIn, Load } from './load.ts';
import { openTarget } from './target.ts';

const RELOADS = 100;
const WARM = 10;
const REQUESTS = 100_000;

const { server, url } = await openTarget((_request, response) => response.end('OK'));

/** A configuration unlike the one before: routes, policies and upstream settings change. */
const version = (i: number): ConfigInput => ({
  upstreams: {
    service: { targets: [url], timeouts: { connect: `${3 + (i % 5)}s` } },
    [`other-${i % 7}`]: url,
  },
  policies: [{ 'request-id': {} }, { headers: { response: { set: { 'x-version': String(i) } } } }],
  routes: [
    { path: '/', upstream: 'service' },
    ...Array.from({ length: i % 50 }, (_, n) => ({ path: `/route-${n}`, upstream: `other-${i % 7}` })),
  ],
  log: { access: 'off' },
});

const gateway = await openGatewayProcess(version(0));
try {
  const load = new Load(gateway.port, '/x', 16);
  await eventually(() => load.answered > 5000, 'the load runs', 60_000);
  // Code is compiled and caches are filled by the first few.
  for (let i = 1; i <= WARM; i++) await reloadTo(i);
  const before = await gateway.held();
  for (let i = WARM + 1; i <= RELOADS; i++) {
    const share = (REQUESTS * i) / RELOADS;
    await eventually(() => load.answered >= share, `${share} requests`, 60_000);
    await reloadTo(i);
  }
  const result = await load.stop();
  await reloadTo(RELOADS + 1);
  const after = await gateway.held();
  const failed = await gateway.metric('waygate_config_reloads_total', { result: 'failed' });
  report(
    {
      name: 'reloads that went well',
      measured: `${RELOADS}, ${failed} failed`,
      asked: '100',
      met: failed === 0,
    },
    {
      name: 'requests during them',
      measured: String(result.answered),
      asked: '≥ 100000',
      met: result.answered >= REQUESTS,
    },
    { name: 'failed requests', measured: failuresIn(result), asked: 'none', met: result.failures.size === 0 },
    {
      name: 'heap before and after, collected',
      measured: `${mebibytes(before.heap)}, ${mebibytes(after.heap)}`,
      asked: 'at most 2 MiB more',
      met: after.heap - before.heap < 2 * 1024 * 1024,
    },
  );
} finally {
  await gateway.close();
  server.close();
  server.closeAllConnections();
}

async function reloadTo(i: number): Promise<void> {
  gateway.folder.replace('waygate.json', withPorts(version(i)));
  // Not waiting for the watcher: the signal comes first, and the watcher then finds nothing new.
  if (i % 2 === 0) gateway.child.kill('SIGHUP');
  await eventually(
    async () => (await gateway.metric('waygate_config_reloads_total', { result: 'ok' })) >= i,
    () => `reload ${i}\n${gateway.err.slice(-2000)}`,
    20_000,
  );
}
