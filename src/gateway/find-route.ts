import type { Http1Request } from '../http1/request-head.ts';
import type { RouteMatch } from '../router/candidate.ts';
import type { Router } from '../router/router.ts';
import type { CompiledRoute } from './compiled-route.ts';

/** Which route a request takes. */
export interface FoundRoute {
  readonly route: CompiledRoute;
  readonly params: Readonly<Record<string, string>> | undefined;
  /**
   * The request is a preflight for a method of a route that takes no OPTIONS itself: its policies answer for it, the target
   * never sees it.
   */
  readonly preflight: boolean;
}

/** What {@link findRoute} looks in. */
export interface RouteTable {
  readonly router: Router;
  readonly routes: readonly CompiledRoute[];
  readonly miss: CompiledRoute;
}

/**
 * Finds the route of a request. A CORS preflight (Fetch §4.8) belongs to the route of the request it asks about: only the
 * `cors` policy there can tell whether that may come.
 */
export function findRoute(table: RouteTable, request: Http1Request): FoundRoute {
  const asked = request.method === 'OPTIONS' ? preflightMethod(request) : undefined;
  if (asked !== undefined) {
    const { host, path, query, headers } = request;
    const found = foundIn(table, table.router.find({ method: asked, host, path, query, headers }), true);
    const methods = found.route.config?.methods ?? [];
    if (methods.length > 0 && !methods.includes('OPTIONS')) return found;
  }
  return foundIn(table, table.router.find(request), false);
}

/** The method that a preflight asks about, or undefined for any other OPTIONS. */
function preflightMethod({ headers }: Http1Request): string | undefined {
  return headers.has('origin') ? headers.get('access-control-request-method') : undefined;
}

function foundIn(table: RouteTable, match: RouteMatch | undefined, preflight: boolean): FoundRoute {
  const route = match === undefined ? undefined : table.routes[match.index];
  return { route: route ?? table.miss, params: match?.params, preflight };
}
