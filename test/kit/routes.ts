import assert from 'node:assert/strict';
import { HeaderList } from '../../src/http/header-list.ts';
import { canonicalPath } from '../../src/http/path.ts';
import type { RouteRequest } from '../../src/router/conditions.ts';
import type { RouteRule } from '../../src/router/route-order.ts';

type RuleOptions = Partial<Omit<RouteRule, 'path' | 'hosts'>> & { readonly hosts?: readonly string[] };

/** A route as the configuration makes it: of a path as one writes it, or of `[type, value]`. */
export function rule(
  path: string | readonly [RouteRule['path']['type'], string],
  options: RuleOptions = {},
): RouteRule {
  const [type, value] =
    typeof path !== 'string'
      ? path
      : [/\*|\/:/.test(path) ? ('pattern' as const) : ('prefix' as const), path];
  return {
    name: options.name ?? value,
    path: { type, value },
    hosts: (options.hosts ?? []).map((host) =>
      host.startsWith('*') ? { type: 'wildcard', value: host.slice(1) } : { type: 'exact', value: host },
    ),
    methods: options.methods ?? [],
    headers: options.headers ?? [],
    query: options.query ?? [],
  };
}

/** A request as the engine makes it of a text such as `GET example.com/path?query`; the path is made canonical. */
export function routeRequest(
  target: string,
  headers: Iterable<readonly [string, string]> = [],
): RouteRequest {
  const [, method = 'GET', host = '', raw = '', query] =
    /^([A-Z]+) ([^/]*)(\/[^?]*)(?:\?(.*))?$/.exec(target) ?? [];
  return {
    method,
    host,
    path: canonicalPath(raw) ?? assert.fail(raw),
    query,
    headers: HeaderList.from(headers),
  };
}
