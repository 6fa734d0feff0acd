/** What routing costs: look-ups in tables of different size. */
import { HeaderList } from '../../src/http/header-list.ts';
import type { RouteRequest } from '../../src/router/conditions.ts';
import type { RouteRule } from '../../src/router/route-order.ts';
import { compileRouter } from '../../src/router/router.ts';
import { Meter } from './meter.ts';

/** Requests spread over the whole table. */
const samples = 64;
const calls = 400_000;

export function routing(meter: Meter, sizes: readonly number[] = [10, 1000, 10_000, 100_000]): void {
  for (const count of sizes) {
    const label = `${count} routes`;
    const routes = pathRoutes(count);
    meter.once(`${label}: compile`, () => compileRouter(routes));
    const at = (i: number, kind: number): string =>
      `/services/${serviceName(Math.min(count - 1, i - (i % 3) + kind))}`;
    const look = (what: string, table: readonly RouteRule[], make: (i: number) => RouteRequest): void => {
      const router = compileRouter(table);
      const requests = Array.from({ length: samples }, (_, n) => make(Math.floor((n * count) / samples)));
      meter.time(`${label}: ${what}`, calls, (call) => {
        const next = requests[call % samples];
        return next === undefined ? 0 : (router.find(next)?.index ?? 1);
      });
    };
    look('prefix', routes, (i) => request(`${at(i, 0)}/a/b/c`));
    look('pattern with a parameter', routes, (i) => request(`${at(i, 1)}/items/4711`));
    look('exact path', routes, (i) => request(`${at(i, 2)}/health`));
    look('no route', routes, (i) => request(`/services/none-${i}/a`));
    const hosts = Array.from({ length: count }, (_, i) => route('prefix', '/', `h${i}.example.com`));
    look('a host each', hosts, (i) => request('/a/b/c', `h${i}.example.com`));
    if (count > 1000) continue;
    meter.time(`${label}: naive: startsWith, one after the other`, calls / 20, (call) => {
      const path = `${at(Math.floor(((call % samples) * count) / samples), 0)}/a/b/c`;
      return 1 + routes.findIndex(({ path: { value } }) => path.startsWith(value));
    });
  }
}

/** For each service a prefix, a pattern and an exact path, as an API's routes mostly are. */
function pathRoutes(count: number): RouteRule[] {
  return Array.from({ length: count }, (_, i) => {
    const service = `/services/${serviceName(i)}`;
    if (i % 3 === 0) return route('prefix', service);
    return i % 3 === 1 ? route('pattern', `${service}/items/:id`) : route('exact', `${service}/health`);
  });
}

function serviceName(i: number): string {
  return `${['users', 'orders', 'catalog', 'payments'][i % 4]}-${i}`;
}

function route(type: RouteRule['path']['type'], value: string, host?: string): RouteRule {
  const hosts: RouteRule['hosts'] = host === undefined ? [] : [{ type: 'exact', value: host }];
  return { name: value, path: { type, value }, hosts, methods: [], headers: [], query: [] };
}

function request(path: string, host = 'api.example.com'): RouteRequest {
  return { method: 'GET', path, query: undefined, host, headers: new HeaderList() };
}

if (import.meta.main) routing(new Meter());
