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
  const keys = routes.map((route, index) => (isComplete(view, route, index) ? keysOf(route) : []));
  for (const [index, route] of routes.entries()) {
    if (!isComplete(view, route, index)) continue;
    const place: Place = { index, length: route.path.value.length, methods: methodSet(route) };
    for (const key of keys[index] ?? []) {
      const there = places.get(key);
      if (there === undefined) places.set(key, [place]);
      else there.push(place);
    }
  }
  const winners = new Map<string, Map<number, number>>();
  // A route that is alone with its conditions, as nearly all are, hides none.
  for (const [key, rivals] of places) if (rivals.length > 1) winners.set(key, winnersAmong(rivals));
  if (winners.size === 0) return [];
  const names = routeNames(routes);
  return keys.flatMap((ofRoute, index): Finding[] => {
    const hiding = ofRoute.map((key) => winners.get(key)?.get(index));
    const [winner] = hiding;
    if (winner === undefined || hiding.includes(undefined)) return [];
    const found = `the route can never win: ${JSON.stringify(names[winner])} matches the same requests and comes first`;
    return [
      { path: ['routes', index], found, remedy: 'leave one of them out, or give them different conditions' },
    ];
  });
}

/** Of routes with the same conditions, those whose methods are all taken by others that come first, and by which. */
function winnersAmong(rivals: readonly Place[]): Map<number, number> {
  const winners = new Map<number, number>();
  const takenBy = new Map<string, number>();
  // The longer spelling of one pattern comes first, then the order of the file.
  const inOrder = rivals.toSorted((a, b) => b.length - a.length || a.index - b.index);
  for (const { index, methods } of inOrder) {
    const asked = methods === undefined ? ['any'] : [...methods];
    const [first] = asked.map((method) => takenBy.get(method));
    if (first !== undefined && asked.every((method) => takenBy.has(method))) winners.set(index, first);
    for (const method of asked) if (!takenBy.has(method)) takenBy.set(method, index);
  }
  return winners;
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
  const conditions = [headers, query].map(conditionTexts);
  const rest = [path.type, shape, method === undefined, conditions];
  const hosts: readonly (HostPattern | undefined)[] = host === undefined ? [undefined] : list(host);
  return hosts.map((pattern) => JSON.stringify([pattern?.type, pattern?.value, ...rest]));
}

const noConditions: readonly string[] = [];

function conditionTexts(matches: Matching['headers']): readonly string[] {
  if (matches.length === 0) return noConditions;
  return matches
    .map(({ name, match }) => [name, match.type, match.type === 'present' ? '' : match.value].join('\0'))
    .toSorted();
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
