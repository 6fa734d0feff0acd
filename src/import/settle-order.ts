import type { DraftPath, DraftRoute } from './draft.ts';
import { escapeRegExp, literalHead, patternSource, tried } from './regular-expression.ts';
import type { ReportWriter } from './report.ts';

/**
 * Makes the fixed order of routes (docs/routing.md) decide as the source did, where the first of `routes` that matched
 * won: routes that were never reached go, expressions leave out what an earlier prefix takes, and earlier expressions
 * are made longer than later ones.
 *
 * @param routes in the order in which the source asked them.
 */
export function settleOrder(routes: readonly DraftRoute[], report: ReportWriter): DraftRoute[] {
  const alive: DraftRoute[] = [];
  for (const route of routes) {
    const winner = alive.find((earlier) => covers(earlier, route));
    if (winner === undefined) alive.push({ ...route, path: withoutExceptions(route) });
    else if (!isSameThing(winner, route)) {
      report.leaveOut(
        route.what,
        `it was never reached: ${winner.what} takes every request for it`,
        'nothing is lost; if it should be reached, write it as a route of its own',
        route.place,
      );
    }
  }
  for (const [index, route] of alive.entries()) {
    for (const earlier of alive.slice(0, index))
      if (sameHosts(earlier, route)) giveWay(route, earlier, report);
  }
  for (let index = alive.length - 2; index >= 0; index--) {
    const route = alive[index];
    if (route !== undefined) outgrow(route, alive.slice(index + 1));
  }
  return alive;
}

/** Whether two routes come of one thing in the source, which then loses nothing. */
function isSameThing(one: DraftRoute, other: DraftRoute): boolean {
  const { file, line } = one.place ?? {};
  return one.what === other.what && file === other.place?.file && line === other.place?.line;
}

/** Whether a route takes every request that another is for. */
function covers(first: DraftRoute, second: DraftRoute): boolean {
  if (!sameHosts(first, second) || first.headers !== undefined) return false;
  if (first.methods !== undefined) {
    if (second.methods === undefined) return false;
    const taken = new Set(first.methods);
    if (!second.methods.every((method) => taken.has(method))) return false;
  }
  const { type, value } = first.path;
  if (type === 'prefix') {
    // What an expression matches begins with its head, up to the last slash of it for certain.
    const head = second.path.type === 'regex' ? literalHead(second.path.value) : second.path.value;
    if (first.except?.some((prefix) => mayMeet(prefix, head)) === true) return false;
    return isBelow(value, head, second.path.type === 'regex');
  }
  if (second.path.type === 'exact' && type !== 'exact') return expression(first.path).test(second.path.value);
  return type === second.path.type && value === second.path.value;
}

/** Makes a later route lose against an earlier one that comes later in the fixed order. */
function giveWay(route: DraftRoute, earlier: DraftRoute, report: ReportWriter): void {
  if (rank(route.path) !== 1) return;
  const source = sourceOf(route.path);
  if (earlier.path.type !== 'prefix') return;
  const prefix = earlier.path.value;
  if (!mayMeet(prefix, literalHead(withoutExclusions(source)))) return;
  if (earlier.methods !== undefined || earlier.headers !== undefined) {
    report.approximate(
      earlier.what,
      'a route',
      `${route.what} comes first where both match: an expression comes before a prefix`,
      earlier.place,
    );
    return;
  }
  const excepted = (earlier.except ?? []).map(notBelow).join('');
  const excluded = `(?!${excepted}${below(prefix)})`;
  route.path = { type: 'regex', value: `${excluded}${source}` };
}

/** An expression that leaves out the prefixes that a route does not take; a prefix loses against a longer one anyhow. */
function withoutExceptions({ path, except = [] }: DraftRoute): DraftPath {
  if (rank(path) !== 1 || except.length === 0) return path;
  return { type: 'regex', value: `${except.map(notBelow).join('')}${sourceOf(path)}` };
}

function notBelow(prefix: string): string {
  return `(?!${below(prefix)})`;
}

/** What a path begins with that a prefix takes. */
function below(prefix: string): string {
  return prefix === '/' ? '/' : `${escapeRegExp(prefix)}(?:/|$)`;
}

/** Makes an expression longer than those of later routes that it may meet: the longest is asked first. */
function outgrow(route: DraftRoute, later: readonly DraftRoute[]): void {
  if (rank(route.path) !== 1) return;
  const source = sourceOf(route.path);
  const head = literalHead(withoutExclusions(source));
  const rivals = later.filter(
    (other) =>
      rank(other.path) === 1 &&
      sameHosts(route, other) &&
      mayMeet(head, literalHead(withoutExclusions(sourceOf(other.path)))),
  );
  const longest = Math.max(0, ...rivals.map(({ path }) => path.value.length));
  if (route.path.value.length >= longest) return;
  const groups = Math.ceil((longest - source.length) / emptyGroup.length);
  route.path = { type: 'regex', value: source + emptyGroup.repeat(Math.max(0, groups)) };
}

/** Matches nothing, and adds to the length. */
const emptyGroup = '(?:)';

function rank({ type }: DraftPath): number {
  if (type === 'exact') return 0;
  return type === 'prefix' ? 2 : 1;
}

/** The path as an expression for the whole of it; of a prefix, for the prefix alone. */
export function sourceOf({ type, value }: DraftPath): string {
  if (type === 'regex') return value;
  return type === 'pattern' ? patternSource(value) : escapeRegExp(value);
}

/** The same, to be tried. */
export function expression(path: DraftPath): RegExp {
  return tried(`^(?:${sourceOf(path)})$`);
}

/** An exclusion as it is made above, perhaps with others in it. */
const exclusion = /\(\?!(?:\(\?!(?:\\.|[^()\\])*\(\?:\/\|\$\)\))*(?:\\.|[^()\\])*(?:\(\?:\/\|\$\)|\/)\)/gsy;

function withoutExclusions(source: string): string {
  let end = 0;
  for (const { 0: found, index } of source.matchAll(exclusion)) end = index + found.length;
  return source.slice(end);
}

/** Whether paths that begin with one text and with the other exist. */
function mayMeet(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one);
}

function isBelow(prefix: string, path: string, headOnly: boolean): boolean {
  if (prefix === '/') return true;
  return (path === prefix && !headOnly) || path.startsWith(`${prefix}/`);
}

function sameHosts(one: DraftRoute, other: DraftRoute): boolean {
  return JSON.stringify(one.hosts ?? []) === JSON.stringify(other.hosts ?? []);
}
