// Races 100,000 requests against a limit, over 1, 2 and 4 threads, and with each algorithm: the target has to count exactly what the
// limit allows.
import { createGatewayWith } from '../../src/gateway/gateway.ts';
import { usualWorkers } from '../../src/gateway/workers/worker-settings.ts';
import { sumMetric } from '../kit/start-gateway.ts';
import { type Figure, report } from './figure.ts';
import { flood } from './flood.ts';
import { openTarget } from './target.ts';

const REQUESTS = 100_000;
const LIMIT = 20_000;
const CONNECTIONS = 64;

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
for (const workers of [1, 2, 4]) report(await race(workers, 'gcra'));
for (const algorithm of ['sliding-window', 'fixed-window'] as const) report(await race(4, algorithm));

async function race(workers: number, algorithm: 'gcra' | 'sliding-window' | 'fixed-window'): Promise<Figure> {
  let counted = 0;
  const { server, url } = await openTarget((_request, response) => {
    counted++;
    response.end('OK');
  });
  const gateway = await createGatewayWith(
    {
      config: {
        listen: { host: '127.0.0.1', port: 0 },
        workers,
        upstreams: { service: url },
        // So long a window that nothing is given back meanwhile.
        policies: [{ 'rate-limit': { limit: LIMIT, window: '31d', algorithm } }],
        routes: [{ path: '/', upstream: 'service' }],
        limits: { requestsPerConnection: 0 },
        overload: { eventLoopDelay: 0 },
      },
      accessLog: false,
      logger: silent,
    },
    usualWorkers,
  );
  const port = gateway.addresses[0]?.port ?? 0;
  const each = REQUESTS / CONNECTIONS;
  const refused = (
    await Promise.all(Array.from({ length: CONNECTIONS }, () => flood(port, Math.ceil(each))))
  ).reduce((sum, more) => sum + more, 0);
  const told = sumMetric(gateway.metrics(), 'waygate_policy_rate_limit_refused_total', {});
  await gateway.close();
  server.close();
  server.closeAllConnections();
  return {
    name: `${REQUESTS} requests over ${workers} threads, ${algorithm}: counted at the target`,
    measured: `${counted}; ${refused} refused, ${told} by the metrics`,
    asked: `exactly ${LIMIT}`,
    met: counted === LIMIT && refused === told && refused + counted >= REQUESTS,
  };
}
