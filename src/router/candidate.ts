import {
  compileConditions,
  compileMethods,
  wholeText,
  type Condition,
  type RouteRequest,
} from './conditions.ts';
import type { RouteRule } from './route-order.ts';

/** The route that a request belongs to. */
export interface RouteMatch {
  /** Which route of the configuration, from 0. */
  readonly index: number;
  /** What its path captured, percent-decoded. Has no prototype. */
  readonly params: Readonly<Record<string, string>>;
}

/** How parameters come out of a path that matches. */
type Capture =
  | { readonly type: 'segments'; readonly names: readonly (string | undefined)[] }
  | { readonly type: 'regex'; readonly regExp: RegExp };

/** A route in the making of an answer: its path is known to match, its conditions are not. */
export interface Candidate {
  /** Its place in the order over all routes; lower comes first. */
  readonly rank: number;
  /** The answer when nothing is captured. */
  readonly match: RouteMatch;
  readonly capture: Capture | undefined;
  readonly methods: readonly string[] | undefined;
  readonly conditions: readonly Condition[] | undefined;
}

/** What a route compiles to, whichever of its hosts it stands for. */
export type CompiledRoute = Omit<Candidate, 'rank'>;

const noParams: RouteMatch['params'] = Object.freeze(emptyParams());

/** Compiles all of a route but its place in the order. */
export function compileRoute(route: RouteRule, index: number): CompiledRoute {
  return {
    match: Object.freeze({ index, params: noParams }),
    capture: compileCapture(route),
    methods: compileMethods(route),
    conditions: compileConditions(route),
  };
}

/** Puts a compiled route into its place. */
export function candidateAt(rank: number, compiled: CompiledRoute): Candidate {
  return { rank, ...compiled };
}

/**
 * Whether a request fulfils a candidate's conditions, with two uses in one, so that both search the same way.
 *
 * @param allowed undefined to ask about all conditions; or a set that collects the methods of candidates that all but
 *   the method speaks for: then the answer is always false, and the search goes on.
 */
export function holds(
  candidate: Candidate,
  request: RouteRequest,
  allowed: Set<string> | undefined,
): boolean {
  const { methods, conditions } = candidate;
  if (allowed === undefined && methods !== undefined && !methods.includes(request.method)) return false;
  if (conditions !== undefined) {
    for (const condition of conditions) if (!condition(request)) return false;
  }
  if (allowed === undefined) return true;
  for (const method of methods ?? []) allowed.add(method);
  return false;
}

/** The first of several candidates, best first, whose conditions a request fulfils. */
export function firstThatHolds(
  candidates: readonly Candidate[],
  request: RouteRequest,
  allowed: Set<string> | undefined,
): Candidate | undefined {
  for (const candidate of candidates) if (holds(candidate, request, allowed)) return candidate;
  return undefined;
}

/** The answer for a candidate that has won. */
export function matchOf({ match, capture }: Candidate, path: string): RouteMatch {
  if (capture === undefined) return match;
  const params = emptyParams();
  if (capture.type === 'segments') captureSegments(capture.names, path, params);
  else captureGroups(capture.regExp, path, params);
  return { index: match.index, params };
}

/** Segments of a pattern; the first is behind the leading slash. */
export function patternSegments(pattern: string): string[] {
  return pattern.slice(1).split('/');
}

function compileCapture({ path }: RouteRule): Capture | undefined {
  if (path.type === 'regex') {
    const regExp = wholeText(path.value);
    return regExp.source.includes('(?<') ? { type: 'regex', regExp } : undefined;
  }
  if (path.type !== 'pattern') return undefined;
  const names = patternSegments(path.value).map((segment) =>
    segment.startsWith(':') ? segment.slice(1) : undefined,
  );
  return names.some((name) => name !== undefined) ? { type: 'segments', names } : undefined;
}

function captureSegments(
  names: readonly (string | undefined)[],
  path: string,
  params: Record<string, string>,
): void {
  let start = 1;
  for (const name of names) {
    let end = path.indexOf('/', start);
    if (end === -1) end = path.length;
    if (name !== undefined) params[name] = decode(path.slice(start, end));
    start = end + 1;
  }
}

/** A group that took no part in the match is ''. */
function captureGroups(regExp: RegExp, path: string, params: Record<string, string>): void {
  for (const [name, value = ''] of Object.entries<string | undefined>(regExp.exec(path)?.groups ?? {})) {
    params[name] = decode(value);
  }
}

/** A group of a regular expression can cut an escape in two: then the value stays encoded. */
function decode(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function emptyParams(): Record<string, string> {
  return Object.create(null) as Record<string, string>;
}
