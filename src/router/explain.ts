import type { NamedMatch, PathMatch } from '../config/schema.ts';
import {
  compileMethods,
  compileValue,
  describeMatch,
  fieldValue,
  parameterValue,
  wholeText,
  type RouteRequest,
} from './conditions.ts';
import { patternSegments } from './candidate.ts';
import {
  hostText,
  orderReason,
  pathWords,
  routeOrder,
  type RankedRoute,
  type RouteRule,
} from './route-order.ts';

/** What became of one route. */
export interface ConsideredRoute {
  /** Which route of the configuration, from 0. */
  readonly index: number;
  /** `won`; `shadowed`: it matches, but another comes first; `lost`: it does not match. */
  readonly outcome: 'won' | 'shadowed' | 'lost';
  /** Why, without a full stop: `path /orders/1 is neither /users nor below it`. */
  readonly reason: string;
}

/** Which route a request belongs to, and why not the others. */
export interface RouteExplanation {
  /** The index of the route that `Router.find` gives; undefined when none matches. */
  readonly winner: number | undefined;
  /** Every route once, in the order in which they are asked; a route with several hosts at the one that counts. */
  readonly considered: readonly ConsideredRoute[];
}

/** Says for each route why it wins or loses. Asks one route after the other: for people, not for the data path. */
export function explainRoutes(routes: readonly RouteRule[], request: RouteRequest): RouteExplanation {
  const order = routeOrder(routes);
  const mismatches = routes.map((route) => mismatchOf(route, request));
  const fits = (place: RankedRoute): boolean =>
    hostFits(place, request.host) && mismatches[place.index] === undefined;
  const winner = isPath(request.path) ? order.find(fits) : undefined;
  const considered = placesThatCount(order, request.host).map((place): ConsideredRoute => {
    const { index, route } = place;
    if (place === winner) return { index, outcome: 'won', reason: wonReason(place) };
    if (winner !== undefined && fits(place)) {
      const reason = `matches too, but loses to ${winner.route.name} because ${orderReason(winner, place)}`;
      return { index, outcome: 'shadowed', reason };
    }
    const reason = hostMismatch(route, place, request.host) ?? mismatches[index] ?? notAPath(request);
    return { index, outcome: 'lost', reason };
  });
  return { winner: winner?.index, considered };
}

/** One place for each route: the first whose host is the request's, or else its first. */
function placesThatCount(order: readonly RankedRoute[], host: string): RankedRoute[] {
  const chosen = new Map<number, RankedRoute>();
  for (const place of order) {
    const before = chosen.get(place.index);
    if (before === undefined || (!hostFits(before, host) && hostFits(place, host)))
      chosen.set(place.index, place);
  }
  return order.filter((place) => chosen.get(place.index) === place);
}

function hostFits({ host: pattern }: RankedRoute, host: string): boolean {
  if (pattern === undefined) return true;
  if (pattern.type === 'exact') return host === pattern.value;
  return host.length > pattern.value.length && host.endsWith(pattern.value);
}

function hostMismatch(route: RouteRule, place: RankedRoute, host: string): string | undefined {
  if (hostFits(place, host)) return undefined;
  const wanted = route.hosts.map((pattern) => hostText({ host: pattern }));
  if (host === '') return `the request names no host, and the route is for ${listed(wanted, 'or')}`;
  return `host ${host} ${isNone(wanted)}`;
}

/** What, besides the host, keeps a request from a route; undefined when nothing does. */
function mismatchOf(route: RouteRule, request: RouteRequest): string | undefined {
  if (!isPath(request.path)) return notAPath(request);
  const methods = compileMethods(route);
  return (
    pathMismatch(route.path, request.path) ??
    (methods === undefined || methods.includes(request.method)
      ? undefined
      : `method ${request.method} ${isNone(route.methods)}`) ??
    firstMismatch('header', route.headers, (name) => fieldValue(request.headers, name)) ??
    firstMismatch('query parameter', route.query, (name) => parameterValue(request.query, name))
  );
}

function pathMismatch({ type, value }: PathMatch, path: string): string | undefined {
  if (type === 'exact') {
    return path === value ? undefined : `path ${path} is not ${value}${nearMiss(value, path)}`;
  }
  if (type === 'prefix') {
    if (value === '/' || path === value || path.startsWith(`${value}/`)) return undefined;
    return `path ${path} is neither ${value} nor below it${nearMiss(value, path)}`;
  }
  const fits = type === 'pattern' ? patternFits(value, path) : wholeText(value).test(path);
  return fits ? undefined : `path ${path} does not match the ${pathWords[type]} ${value}`;
}

/** What may have been meant. */
function nearMiss(value: string, path: string): string {
  if (path.toLowerCase() === value.toLowerCase()) return ': case matters';
  // Every path begins with the slash that `/` is: that one of them goes on says nothing.
  if (value === '/') return '';
  if (path === `${value}/`) return ': the slash at the end matters';
  return path.startsWith(value) && path[value.length] !== '/' ? ': the segment goes on' : '';
}

function patternFits(pattern: string, path: string): boolean {
  const wanted = patternSegments(pattern);
  const given = patternSegments(path);
  const openEnd = wanted.at(-1) === '*';
  if (openEnd ? given.length < wanted.length : given.length !== wanted.length) return false;
  return wanted.every((segment, i) =>
    segment === '*' || segment.startsWith(':') ? given[i] !== '' : given[i] === segment,
  );
}

function firstMismatch(
  what: string,
  conditions: readonly NamedMatch[],
  valueOf: (name: string) => string | undefined,
): string | undefined {
  for (const condition of conditions) {
    const value = valueOf(condition.name);
    if (compileValue(condition.match)(value)) continue;
    const found = value === undefined ? 'is missing' : `is ${JSON.stringify(value)}`;
    if (condition.match.type === 'present') return `${what} ${condition.name} ${found}`;
    return `${what} ${condition.name} ${found}, and the route wants one that ${describeMatch(condition)}`;
  }
  return undefined;
}

function wonReason({ route, host }: RankedRoute): string {
  const parts = [
    ...(host === undefined ? [] : [`host ${hostText({ host })}`]),
    `${pathWords[route.path.type]} ${route.path.value}`,
    ...(route.methods.length === 0 ? [] : [`method ${listed(route.methods, 'or')}`]),
    ...route.headers.map((condition) => `a header ${condition.name} that ${describeMatch(condition)}`),
    ...route.query.map((condition) => `a query parameter ${condition.name} that ${describeMatch(condition)}`),
  ];
  return `matches ${listed(parts, 'and')}, and comes first of those that match`;
}

function notAPath({ path }: RouteRequest): string {
  return `the target ${path} is not a path`;
}

function isPath(path: string): boolean {
  return path.startsWith('/');
}

function isNone(wanted: readonly string[]): string {
  return wanted.length === 1 ? `is not ${wanted[0]}` : `is none of ${listed(wanted, 'or')}`;
}

/** `a`, `a or b`, `a, b or c`. */
function listed(items: readonly string[], word: 'and' | 'or'): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} ${word} ${items.at(-1)}`;
}
