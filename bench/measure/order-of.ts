import type { LoadOrder } from '../load/order.ts';
import { pathOnMiddleRoute } from '../routes.ts';
import type { ClosedLoop, OpenLoop } from '../scenario.ts';

/** What a scenario asks of the load generator, but for how long and how fast. */
export function orderOf(scenario: ClosedLoop | OpenLoop, port: number): Omit<LoadOrder, 'seconds' | 'rate'> {
  const { routes, request, connections } = scenario;
  return {
    port,
    path: pathOnMiddleRoute(routes, request.path),
    method: request.method ?? 'GET',
    body: request.body ?? 0,
    headers: request.headers ?? {},
    connections,
    newConnections: scenario.kind === 'closed loop' && scenario.newConnections === true,
  };
}
