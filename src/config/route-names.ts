import type { RouteDocument } from './schema/document.ts';

/** What a route's name is made of when none is given. */
type Named = Pick<Partial<RouteDocument>, 'name' | 'host' | 'path' | 'method'>;

/**
 * A unique name for each route: the given one, or one made of method, host and path, such as `/users` or
 * `GET api.example.com /users`. Where two would be the same, the later is `/users (2)`.
 */
export function routeNames(routes: readonly Named[]): string[] {
  const taken = new Set(routes.flatMap((route) => (route.name === undefined ? [] : [route.name])));
  const numbers = new Map<string, number>();
  return routes.map((route) => {
    if (route.name !== undefined) return route.name;
    const base = derivedName(route);
    let number = numbers.get(base) ?? 1;
    let name = number === 1 ? base : `${base} (${number})`;
    while (taken.has(name)) name = `${base} (${++number})`;
    numbers.set(base, number + 1);
    taken.add(name);
    return name;
  });
}

function derivedName(route: Named): string {
  const methods = list(route.method).join(',');
  const hosts = list(route.host)
    .map((host) => (host.type === 'wildcard' ? `*${host.value}` : host.value))
    .join(',');
  return [methods, hosts, route.path?.value ?? '/'].filter((part) => part !== '').join(' ');
}

/** One, several or none, as a list. */
export function list<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return isList(value) ? value : [value];
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
