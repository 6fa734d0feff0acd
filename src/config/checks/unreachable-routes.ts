import type { DocumentView } from '../document-view.ts';
import type { Finding } from '../finding.ts';
import { list, routeNames } from '../route-names.ts';
import type { RouteDocument } from '../schema/document.ts';
import type { HostPattern } from '../schema/route.ts';

/** A route of which all that decides about matching could be read. */
type Matching = Pick<RouteDocument, 'host' | 'path' | 'method' | 'headers' | 'query'>;

interface Place {
  readonly index: number;
  readonly length: number;
  readonly methods: ReadonlySet<string> | undefined;
}

/**
 * Routes that can never win: on every host that they are for, other routes that come before them in the order of
 * `docs/routing.md` match exactly the same requests.
 */
export function unreachableRoutes(view: DocumentView): Finding[] {
  const { routes } = view;
  const places = new Map<string, Place[]>();
  for (const [index, route] of routes.entries()) {
    if (!isComplete(view, route, index)) continue;
    const place: Place = { index, length: route.path.value.length, methods: methodSet(route) };
    for (const key of keysOf(route)) {
      const there = places.get(key);
      if (there === undefined) places.set(key, [place]);
      else there.push(place);
    }
  }
  // The longer spelling of one pattern comes first, then the order of the file.
  for (const rivals of places.values()) rivals.sort((a, b) => b.length - a.length || a.index - b.index);
  const names = routeNames(routes);
  return routes.flatMap((route, index): Finding[] => {
    if (!isComplete(view, route, index)) return [];
    const winners = keysOf(route).map((key) =>
      firstThatHides(index, methodSet(route), places.get(key) ?? []),
    );
    const [winner] = winners;
    if (winner === undefined || winners.includes(undefined)) return [];
    const found = `the route can never win: ${JSON.stringify(names[winner])} matches the same requests and comes first`;
    return [
      { path: ['routes', index], found, remedy: 'leave one of them out, or give them different conditions' },
    ];
  });
}

/** The first of the routes before this one, if together they take all of its methods. */
function firstThatHides(
  index: number,
  methods: Place['methods'],
  rivals: readonly Place[],
): number | undefined {
  const before = rivals.slice(
    0,
    rivals.findIndex((rival) => rival.index === index),
  );
  if (methods === undefined) return before[0]?.index;
  const takes = (rival: Place, method: string): boolean => rival.methods?.has(method) !== false;
  const all = [...methods].every((method) => before.some((rival) => takes(rival, method)));
  return all ? before.find((rival) => [...methods].some((method) => takes(rival, method)))?.index : undefined;
}

function isComplete(
  view: DocumentView,
  route: Partial<RouteDocument>,
  index: number,
): route is Partial<RouteDocument> & Matching {
  const read = (key: 'host' | 'method') => route[key] !== undefined || !view.has(['routes', index, key]);
  return (
    route.path !== undefined &&
    route.headers !== undefined &&
    route.query !== undefined &&
    read('host') &&
    read('method')
  );
}

/** One key for each host: equal keys are equal conditions, but for which methods. */
function keysOf({ host, path, method, headers, query }: Matching): string[] {
  const shape = path.type === 'pattern' ? patternShape(path.value) : path.value;
  const conditions = [headers, query].map((matches) =>
    matches
      .map(({ name, match }) => [name, match.type, match.type === 'present' ? '' : match.value].join('\0'))
      .toSorted(),
  );
  const rest = [path.type, shape, method === undefined, conditions];
  const hosts: readonly (HostPattern | undefined)[] = host === undefined ? [undefined] : list(host);
  return hosts.map((pattern) => JSON.stringify([pattern?.type, pattern?.value, ...rest]));
}

/** A pattern without names: only a final star stands for more than one segment. */
function patternShape(pattern: string): string {
  const segments = pattern.split('/');
  const last = segments.length - 1;
  return segments
    .map((segment, at) => (segment.startsWith(':') || (segment === '*' && at < last) ? ':' : segment))
    .join('/');
}

/** GET stands for HEAD as well. */
function methodSet({ method }: Pick<Matching, 'method'>): ReadonlySet<string> | undefined {
  if (method === undefined) return undefined;
  const methods = new Set<string>(list<string>(method));
  if (methods.has('GET')) methods.add('HEAD');
  return methods;
}
