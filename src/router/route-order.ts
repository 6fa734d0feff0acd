import type { HostPattern, RouteConfig } from '../config/schema.ts';

/** What of a route says which requests it is for. */
export type RouteRule = Pick<RouteConfig, 'name' | 'hosts' | 'path' | 'methods' | 'headers' | 'query'>;

/** One route with one of its hosts: a place in the order. */
export interface RankedRoute {
  /** Which route of the configuration, from 0. */
  readonly index: number;
  readonly route: RouteRule;
  /** The host that this place is for; undefined for a route that is for any host. */
  readonly host: HostPattern | undefined;
  /** What the criteria of the order make of it, in their order: smaller numbers come first. */
  readonly keys: readonly number[];
}

/** One step of the order: what it compares, and how explanations put it. */
interface Criterion {
  /** The route with the smaller number comes first. */
  readonly key: (place: Omit<RankedRoute, 'keys'>) => number;
  /** Why `first` comes before `second`, as the rest of a sentence that begins with "because". */
  readonly reason: (first: RankedRoute, second: RankedRoute) => string;
}

const hostRanks = { exact: 0, wildcard: 1, any: 2 } as const;
const pathRanks = { exact: 0, pattern: 1, regex: 1, prefix: 2 } as const;
/** What explanations call the kinds of path. */
export const pathWords = {
  exact: 'exact path',
  pattern: 'pattern',
  regex: 'regular expression',
  prefix: 'prefix',
} as const;

/** The order of routes, as `docs/routing.md` has it: the first criterion that tells decides. */
const criteria: readonly Criterion[] = [
  {
    key: (place) => hostRanks[hostType(place)],
    reason: (first, second) =>
      hostType(second) === 'any'
        ? 'a route for a host comes before a route for any host'
        : `the exact host ${hostText(first)} comes before the wildcard ${hostText(second)}`,
  },
  {
    key: ({ host }) => (host?.type === 'wildcard' ? -host.value.length : 0),
    reason: (first, second) => `the longer wildcard ${hostText(first)} comes before ${hostText(second)}`,
  },
  {
    key: ({ route }) => pathRanks[route.path.type],
    reason: (first, second) => `${anyOf(first)} comes before a ${pathWords[second.route.path.type]}`,
  },
  {
    key: ({ route }) => -route.path.value.length,
    reason: (first, second) =>
      `the longer path comes first (${first.route.path.value.length} characters against ${second.route.path.value.length})`,
  },
  {
    key: (place) => -conditionsOf(place),
    reason: (first, second) =>
      `more conditions come before fewer (${conditionsOf(first)} against ${conditionsOf(second)})`,
  },
  { key: ({ index }) => index, reason: () => 'it stands first in the configuration' },
];

/**
 * The order in which routes are asked: the first that matches wins. A route with several hosts has a place for each,
 * a route without hosts has one.
 */
export function routeOrder(routes: readonly RouteRule[]): RankedRoute[] {
  const places = routes.flatMap((route, index) => {
    const hosts = route.hosts.length > 0 ? route.hosts : [undefined];
    return hosts.map((host): RankedRoute => {
      const place = { index, route, host };
      return { ...place, keys: criteria.map(({ key }) => key(place)) };
    });
  });
  return places.toSorted(compareRoutes);
}

/** Why `first` comes before `second`, as the rest of a sentence that begins with "because". */
export function orderReason(first: RankedRoute, second: RankedRoute): string {
  const decisive = criteria.find((_, i) => first.keys[i] !== second.keys[i]);
  return decisive?.reason(first, second) ?? 'it is the same route';
}

/** A host as the configuration spells it. */
export function hostText({ host }: Pick<RankedRoute, 'host'>): string {
  if (host === undefined) return 'any host';
  return host.type === 'wildcard' ? `*${host.value}` : host.value;
}

function compareRoutes(a: RankedRoute, b: RankedRoute): number {
  for (let i = 0; i < criteria.length; i++) {
    const difference = (a.keys[i] ?? 0) - (b.keys[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The methods count as one, each header and each query parameter as one. */
function conditionsOf({ route }: Pick<RankedRoute, 'route'>): number {
  return (route.methods.length > 0 ? 1 : 0) + route.headers.length + route.query.length;
}

function hostType({ host }: Pick<RankedRoute, 'host'>): keyof typeof hostRanks {
  return host?.type ?? 'any';
}

function anyOf({ route }: RankedRoute): string {
  const word = pathWords[route.path.type];
  return word === 'exact path' ? `an ${word}` : `a ${word}`;
}
