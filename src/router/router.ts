import { candidateAt, compileRoute, matchOf, type Candidate, type RouteMatch } from './candidate.ts';
import type { RouteRequest } from './conditions.ts';
import { HostRoutes } from './host-routes.ts';
import { routeOrder, type RouteRule } from './route-order.ts';

/** Which route a request belongs to. Immutable, but for what it remembers of the last host. */
export interface Router {
  /** The first route, in the order of `routeOrder`, that matches; undefined when none does. */
  find(request: RouteRequest): RouteMatch | undefined;
  /**
   * The methods of all routes that match but for the method, sorted: what goes into `Allow` when `find` found nothing.
   * Empty when no route matches whatever the method.
   */
  allowedMethods(request: RouteRequest): string[];
}

/**
 * Compiles routes into a router.
 *
 * @param routes of a valid configuration, in its order.
 * @throws SyntaxError for a regular expression that is none; the configuration refuses those.
 */
export function compileRouter(routes: readonly RouteRule[]): Router {
  const compiled = routes.map(compileRoute);
  const exact = new Map<string, HostRoutes>();
  const wildcards = new Map<string, HostRoutes>();
  const any = new HostRoutes();
  for (const [rank, { index, route, host }] of routeOrder(routes).entries()) {
    const table = host === undefined ? any : tableOf(host.type === 'exact' ? exact : wildcards, host.value);
    const compiledRoute = compiled[index];
    if (compiledRoute !== undefined) table.add(route.path, candidateAt(rank, compiledRoute));
  }
  for (const tables of [exact.values(), wildcards.values(), [any]]) for (const table of tables) table.seal();
  return new CompiledRouter(exact, wildcards, any);
}

class CompiledRouter implements Router {
  readonly #exact: ReadonlyMap<string, HostRoutes>;
  /** By what follows the star, with its dot. */
  readonly #wildcards: ReadonlyMap<string, HostRoutes>;
  readonly #any: HostRoutes;
  /** The wildcards that the last host falls under, longest first: mostly the next request is for the same. */
  #lastHost = '';
  #lastWildcards: readonly HostRoutes[] = [];

  constructor(
    exact: ReadonlyMap<string, HostRoutes>,
    wildcards: ReadonlyMap<string, HostRoutes>,
    any: HostRoutes,
  ) {
    this.#exact = exact;
    this.#wildcards = wildcards;
    this.#any = any;
  }

  find(request: RouteRequest): RouteMatch | undefined {
    const candidate = this.#search(request, undefined);
    return candidate === undefined ? undefined : matchOf(candidate, request.path);
  }

  allowedMethods(request: RouteRequest): string[] {
    const allowed = new Set<string>();
    this.#search(request, allowed);
    return [...allowed].toSorted();
  }

  #search(request: RouteRequest, allowed: Set<string> | undefined): Candidate | undefined {
    // The target of `OPTIONS *` is no path, and belongs to no route.
    if (request.path.charCodeAt(0) !== 0x2f) return undefined;
    const { host } = request;
    if (this.#exact.size > 0) {
      const found = this.#exact.get(host)?.find(request, allowed);
      if (found !== undefined) return found;
    }
    if (this.#wildcards.size > 0) {
      if (host !== this.#lastHost) this.#remember(host);
      for (const table of this.#lastWildcards) {
        const found = table.find(request, allowed);
        if (found !== undefined) return found;
      }
    }
    return this.#any.find(request, allowed);
  }

  /** A star stands for one label or more, so that the suffix begins behind the first label at the earliest. */
  #remember(host: string): void {
    const tables: HostRoutes[] = [];
    for (let dot = host.indexOf('.', 1); dot !== -1; dot = host.indexOf('.', dot + 1)) {
      const table = this.#wildcards.get(host.slice(dot));
      if (table !== undefined) tables.push(table);
    }
    this.#lastHost = host;
    this.#lastWildcards = tables;
  }
}

function tableOf(tables: Map<string, HostRoutes>, host: string): HostRoutes {
  let table = tables.get(host);
  if (table === undefined) {
    table = new HostRoutes();
    tables.set(host, table);
  }
  return table;
}
