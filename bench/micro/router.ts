/**
 * What routing costs: nanoseconds per look-up for tables of different size, and per canonical path.
 * Run with `npx node bench/micro/router.ts`.
 */
import { HeaderList } from '../../src/http/header-list.ts';
import { parseHost } from '../../src/http/host.ts';
import { canonicalPath, hasEncodedSeparator } from '../../src/http/path.ts';
import { emptyRequestTarget, readRequestTarget } from '../../src/http/request-target.ts';
import type { RouteRequest } from '../../src/router/conditions.ts';
import type { RouteRule } from '../../src/router/route-order.ts';
import { compileRouter } from '../../src/router/router.ts';

const REQUESTS = 64;
const ROUNDS = 7;

/** Whatever is measured adds to this, so that it cannot be optimised away. */
let sink = 0;

function route(type: RouteRule['path']['type'], value: string, host?: string): RouteRule {
  const hosts: RouteRule['hosts'] = host === undefined ? [] : [{ type: 'exact', value: host }];
  return { name: value, path: { type, value }, hosts, methods: [], headers: [], query: [] };
}

/** Per service a prefix, a pattern and an exact path, as an API's routes mostly are. */
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

function request(path: string, host = 'api.example.com'): RouteRequest {
  return { method: 'GET', path, query: undefined, host, headers: new HeaderList() };
}

/** Requests spread over the whole table. */
function sample(count: number, make: (i: number) => RouteRequest): RouteRequest[] {
  return Array.from({ length: REQUESTS }, (_, n) => make(Math.floor((n * count) / REQUESTS)));
}

/** The best of several rounds, in nanoseconds a call. */
function nanoseconds(calls: number, run: (call: number) => number): number {
  let best = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let call = 0; call < calls; call++) sink += run(call);
    best = Math.min(best, ((performance.now() - start) * 1e6) / calls);
  }
  return best;
}

function line(what: string, value: number, unit = 'ns'): void {
  console.log(`${what.padEnd(58)} ${value.toFixed(unit === 'ns' ? 0 : 1).padStart(7)} ${unit}`);
}

function measure(what: string, routes: readonly RouteRule[], requests: readonly RouteRequest[]): void {
  const router = compileRouter(routes);
  const time = nanoseconds(400_000, (call) => {
    const next = requests[call % REQUESTS];
    return next === undefined ? 0 : (router.find(next)?.index ?? 1);
  });
  line(what, time);
}

for (const count of [10, 1000, 10_000, 100_000]) {
  const label = `${count} routes`;
  const routes = pathRoutes(count);
  const start = performance.now();
  compileRouter(routes);
  line(`${label}: compile`, performance.now() - start, 'ms');
  const at = (i: number, kind: number) => `/services/${serviceName(Math.min(count - 1, i - (i % 3) + kind))}`;
  measure(
    `${label}: prefix`,
    routes,
    sample(count, (i) => request(`${at(i, 0)}/a/b/c`)),
  );
  measure(
    `${label}: pattern with a parameter`,
    routes,
    sample(count, (i) => request(`${at(i, 1)}/items/4711`)),
  );
  measure(
    `${label}: exact path`,
    routes,
    sample(count, (i) => request(`${at(i, 2)}/health`)),
  );
  measure(
    `${label}: no route`,
    routes,
    sample(count, (i) => request(`/services/none-${i}/a`)),
  );
  const hosts = Array.from({ length: count }, (_, i) => route('prefix', '/', `h${i}.example.com`));
  measure(
    `${label}: a host each`,
    hosts,
    sample(count, (i) => request('/a/b/c', `h${i}.example.com`)),
  );
}

const paths = {
  'an ordinary path': '/services/users-42/items/4711',
  'a path with an escape': '/services/users-42/items/caf%C3%A9%20x',
  'a path with dot segments': '/services/./users-42/../users-43//items',
};
for (const [what, path] of Object.entries(paths)) {
  line(
    `canonicalPath of ${what}`,
    nanoseconds(1_000_000, () => canonicalPath(path)?.length ?? 0),
  );
}
const encoded = '/services/users-42/items/caf%C3%A9%20x';
line(
  'hasEncodedSeparator, no escape',
  nanoseconds(1_000_000, () => Number(hasEncodedSeparator('/services/users/4711'))),
);
line(
  'hasEncodedSeparator, three escapes',
  nanoseconds(1_000_000, () => Number(hasEncodedSeparator(encoded))),
);
const target = emptyRequestTarget();
line(
  'readRequestTarget, no query',
  nanoseconds(1_000_000, () => Number(readRequestTarget('/services/users/4711', target))),
);
line(
  'readRequestTarget, a query',
  nanoseconds(1_000_000, () => Number(readRequestTarget('/services/users?page=2&size=50', target))),
);
line(
  'parseHost',
  nanoseconds(1_000_000, () => parseHost('api.example.com:8080')?.port ?? 0),
);
if (sink === 0) throw new Error('nothing was measured');
