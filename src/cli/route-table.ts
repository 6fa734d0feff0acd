import type { Config, HostPattern, RouteConfig } from '../config/schema.ts';
import { escapeText } from '../observe/escape.ts';
import type { Paint } from '../observe/paint.ts';
import { alignColumns } from './columns.ts';

/** More routes than this do not help anybody at a terminal. */
const mostRows = 40;

/** The routes as a table for people, in the order of the file. */
export function routeTable(config: Config, paint: Paint): string {
  const { routes, policies, upstreams } = config;
  if (routes.length === 0) return paint('dim', '  There are no routes: every request is answered 404.\n');
  const withHosts = routes.some(({ hosts }) => hosts.length > 0);
  const titles = ['METHOD', ...(withHosts ? ['HOST'] : []), 'PATH', 'UPSTREAM', 'POLICIES'];
  const rows = routes
    .slice(0, mostRows)
    .map((route) => [
      route.methods.length === 0 ? paint('dim', 'any') : route.methods.join(' '),
      ...(withHosts ? [hostsText(route.hosts, paint)] : []),
      paint('bold', escapeText(pathText(route.path))) + conditionsText(route, paint),
      upstreamText(route, upstreams, paint),
      policyNames(route.policies) || paint('dim', '–'),
    ]);
  let table = alignColumns([titles.map((title) => paint('dim', title)), ...rows]);
  if (routes.length > mostRows) table += paint('dim', `  … and ${routes.length - mostRows} more\n`);
  if (policies.length > 0) table += `\n  ${paint('dim', 'On every route first:')} ${policyNames(policies)}\n`;
  return table;
}

/** A path as it reads best: what lies below a prefix is shown as `…`. */
function pathText({ type, value }: RouteConfig['path']): string {
  if (type === 'prefix') return value.endsWith('/') ? `${value}…` : `${value}, ${value}/…`;
  return type === 'regex' ? `~ ${value}` : value;
}

function hostsText(hosts: readonly HostPattern[], paint: Paint): string {
  if (hosts.length === 0) return paint('dim', 'any');
  return escapeText(hosts.map(({ type, value }) => (type === 'wildcard' ? `*${value}` : value)).join(' '));
}

function conditionsText({ headers, query }: RouteConfig, paint: Paint): string {
  const names = [...headers.map(({ name }) => `${name}:`), ...query.map(({ name }) => `?${name}`)];
  return names.length === 0 ? '' : paint('dim', escapeText(` if ${names.join(' ')}`));
}

function upstreamText({ upstream }: RouteConfig, upstreams: Config['upstreams'], paint: Paint): string {
  if (upstream === undefined) return paint('dim', 'answered here');
  const targets = upstreams[upstream]?.targets ?? [];
  const more = targets.length > 1 ? ` and ${targets.length - 1} more` : '';
  return `${upstream} ${paint('dim', `${targets[0]?.url ?? ''}${more}`)}`;
}

function policyNames(policies: readonly { readonly name: string }[]): string {
  return policies.map(({ name }) => name).join(', ');
}
