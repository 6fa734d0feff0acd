import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { rule } from '../../test/kit/routes.ts';
import { HeaderList } from '../http/header-list.ts';
import type { RouteRequest } from './conditions.ts';
import { explainRoutes } from './explain.ts';
import type { RouteRule } from './route-order.ts';
import { compileRouter } from './router.ts';

describe('the compiled router', () => {
  it('F50: answers as sorting all routes and asking one after the other does', () => {
    let found = 0;
    let contested = 0;
    fc.assert(
      fc.property(anyRoutes, fc.array(anyRequest, { minLength: 1, maxLength: 6 }), (routes, requests) => {
        const router = compileRouter(routes);
        for (const each of requests) {
          const expected = naiveMatches(routes, each);
          assert.equal(router.find(each)?.index, expected[0]);
          if (expected.length > 0) found++;
          if (expected.length > 1) contested++;
          assert.deepEqual(router.allowedMethods(each), naiveMethods(routes, each));
          const { winner, considered } = explainRoutes(routes, each);
          assert.equal(winner, expected[0]);
          assert.equal(considered.length, routes.length);
          const matching = considered.filter(({ outcome }) => outcome !== 'lost').map(({ index }) => index);
          assert.deepEqual(matching, [...new Set(expected)]);
        }
      }),
      { numRuns: 3000 },
    );
    assert.ok(found > 2000 && contested > 500, `${found} requests found a route, ${contested} had a choice`);
  });
});

const segment = fc.constantFrom('a', 'b', 'ab', '%C3%A9', 'a%20b', '.x');
const segments = (min: number) =>
  fc.array(segment, { minLength: min, maxLength: 4 }).map((parts) => `/${parts.join('/')}`);
const anyPath: fc.Arbitrary<RouteRule['path']> = fc.oneof(
  segments(0).map((value) => ({ type: 'prefix' as const, value })),
  fc
    .tuple(segments(0), fc.constantFrom('', '/'))
    .map(([path, end]) => ({ type: 'exact' as const, value: path === '/' ? path : path + end })),
  fc
    .array(fc.oneof(segment, fc.constantFrom(':p', ':name', '*')), { minLength: 1, maxLength: 4 })
    .map((parts) => ({
      type: 'pattern' as const,
      value: parts
        .map((part, i) => `/${part === ':p' ? `:p${i}` : part === ':name' ? `:name${i}` : part}`)
        .join(''),
    })),
  fc
    .constantFrom('/a/?.*', '/[ab]/b', '/(?<x>[^/]+)/(?<y>.*)', '/.*b', '.*', '/a|/b')
    .map((value) => ({ type: 'regex' as const, value })),
);
const anyValue = fc.oneof(
  fc.constantFrom('1', '2', '').map((value) => ({ type: 'exact' as const, value })),
  fc.constantFrom('[12]', '1|', '.+').map((value) => ({ type: 'regex' as const, value })),
  fc.constant({ type: 'present' as const }),
);
const anyConditions = fc.oneof(
  { weight: 3, arbitrary: fc.constant([]) },
  fc.uniqueArray(fc.record({ name: fc.constantFrom('x', 'y'), match: anyValue }), {
    maxLength: 2,
    selector: ({ name }) => name,
  }),
);
const anyHosts = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  fc.uniqueArray(fc.constantFrom('a.com', 'b.a.com', 'c.b.a.com', '*.com', '*.a.com', '*.b.a.com', '*.org'), {
    maxLength: 3,
  }),
);
const anyMethods = fc.oneof(
  { weight: 2, arbitrary: fc.constant([]) },
  fc.subarray(['GET', 'HEAD', 'POST', 'PUT'], { minLength: 1 }),
);
const anyRoutes = fc.array(
  fc
    .record({
      path: anyPath,
      hosts: anyHosts,
      methods: anyMethods,
      headers: anyConditions,
      query: anyConditions,
    })
    .map(({ path, ...options }) => rule([path.type, path.value], options)),
  { maxLength: 12 },
);
const anyRequest: fc.Arbitrary<RouteRequest> = fc.record({
  method: fc.constantFrom('GET', 'HEAD', 'POST', 'OPTIONS'),
  host: fc.constantFrom('', 'com', 'a.com', 'b.a.com', 'c.b.a.com', 'd.c.b.a.com', 'x.org', 'xa.com'),
  path: fc
    .tuple(segments(0), fc.constantFrom('', '/', '/a/b/a/b/a'))
    .map(([path, end]) => (path === '/' ? path : path + end)),
  query: fc.constantFrom(undefined, '', 'x', 'x=1', 'y=2&x=1&x=2', 'x=3&x=1', '%78=%31', 'y=1&x'),
  headers: fc
    .array(fc.tuple(fc.constantFrom('X', 'x', 'Y'), fc.constantFrom('1', '2', '')), { maxLength: 3 })
    .map((lines) => HeaderList.from(lines)),
});

/** The definition, word by word: all routes that match, in the order in which they are asked. */
function naiveMatches(routes: readonly RouteRule[], { method, ...request }: RouteRequest): number[] {
  return places(routes)
    .filter(({ route, host }) => naiveHost(host, request.host) && naiveRest(route, request))
    .filter(({ route }) => naiveMethodsOf(route)?.includes(method) ?? true)
    .map(({ index }) => index);
}

function naiveMethods(routes: readonly RouteRule[], request: Omit<RouteRequest, 'method'>): string[] {
  const matching = places(routes).filter(
    ({ route, host }) => naiveHost(host, request.host) && naiveRest(route, request),
  );
  return [...new Set(matching.flatMap(({ route }) => naiveMethodsOf(route) ?? []))].toSorted();
}

function places(routes: readonly RouteRule[]) {
  const hostRank = { exact: 0, wildcard: 1, any: 2 };
  const pathRank = { exact: 0, pattern: 1, regex: 1, prefix: 2 };
  return routes
    .flatMap((route, index) => {
      const conditions = Math.min(route.methods.length, 1) + route.headers.length + route.query.length;
      const hosts = route.hosts.length === 0 ? [undefined] : route.hosts;
      return hosts.map((host) => ({
        route,
        host,
        index,
        key: [
          hostRank[host?.type ?? 'any'],
          host?.type === 'wildcard' ? -host.value.length : 0,
          pathRank[route.path.type],
          -route.path.value.length,
          -conditions,
          index,
        ],
      }));
    })
    .toSorted(
      (a, b) => a.key.map((part, i) => part - (b.key[i] ?? 0)).find((difference) => difference !== 0) ?? 0,
    );
}

function naiveHost(pattern: RouteRule['hosts'][number] | undefined, host: string): boolean {
  if (pattern === undefined) return true;
  return pattern.type === 'exact'
    ? host === pattern.value
    : host.length > pattern.value.length && host.endsWith(pattern.value);
}

function naiveRest(
  { path: { type, value }, headers, query }: RouteRule,
  request: Omit<RouteRequest, 'method'>,
): boolean {
  const { path } = request;
  const quoted = value.replace(/[.%]/g, '\\$&');
  const source = {
    exact: quoted,
    prefix: value === '/' ? '/.*' : `${quoted}(/.*)?`,
    pattern: quoted.replace(/\/\*$/, '/[^/].*').replace(/(?<=\/)(:\w+|\*)(?=\/|$)/g, '[^/]+'),
    regex: `(?:${value})`,
  }[type];
  const fits = ({ match }: (typeof headers)[number], found: string | undefined | null): boolean => {
    if (found === undefined || found === null) return false;
    if (match.type === 'exact') return found === match.value;
    return match.type === 'present' || new RegExp(`^(?:${match.value})$`).test(found);
  };
  const lines = [...request.headers];
  const field = (name: string) => {
    const values = lines.filter(([line]) => line.toLowerCase() === name).map(([, text]) => text);
    return values.length === 0 ? undefined : values.join(', ');
  };
  return (
    new RegExp(`^(?:${source})$`).test(path) &&
    headers.every((condition) => fits(condition, field(condition.name))) &&
    query.every((condition) => fits(condition, new URLSearchParams(request.query ?? '').get(condition.name)))
  );
}

function naiveMethodsOf({ methods }: RouteRule): readonly string[] | undefined {
  if (methods.length === 0) return undefined;
  return methods.includes('GET') ? [...methods, 'HEAD'] : methods;
}
