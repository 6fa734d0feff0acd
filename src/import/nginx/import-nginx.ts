import { basename } from 'node:path';
import { dropUnusedUpstreams, newDraft, type DraftRoute } from '../draft.ts';
import type { Imported } from '../finish-import.ts';
import { ReportWriter } from '../report.ts';
import { settleOrder } from '../settle-order.ts';
import { UsedDirectives } from './used-directives.ts';
import { directiveText } from './directive-text.ts';
import { routeOf, type Surroundings } from './location.ts';
import { pathOf, type Location } from './location-path.ts';
import { isNamed, locationsOf } from './locations.ts';
import { readReturn } from './answers.ts';
import type { NginxContext } from './nginx-context.ts';
import { reportRest } from './report-rest.ts';
import type { Directive } from './parse-nginx.ts';
import { Scope } from './scope.ts';
import { isRedirectToHttps, readServer, type ServerBlock } from './servers.ts';

/** Makes a configuration of directives of nginx: of a whole file, or of one with servers alone. */
export function importNginx(top: readonly Directive[], file: string, report = new ReportWriter()): Imported {
  const draft = newDraft([
    `Imported from ${basename(file)} of nginx, by "waygate import nginx".`,
    'What was approximated or left out is in the report that the command prints.',
  ]);
  const used = new UsedDirectives();
  const http = httpContext(top, used);
  const context: NginxContext = { draft, report, used, ...tablesOf(http, used, report) };
  const scope = new Scope([http], used);
  const servers = http
    .filter(({ name }) => name === 'server')
    .map((each) => {
      used.add(each);
      return readServer(each, scope, context);
    });
  const serving = chooseServers(servers, context);
  const defaultServer =
    serving.find(({ listens }) => listens.some(({ isDefault }) => isDefault)) ?? serving[0];
  // A server that is asked for every host stands behind those for hosts of their own.
  const inOrder = serving.filter((server) => server !== defaultServer);
  const routes = [...inOrder, ...(defaultServer === undefined ? [] : [defaultServer])].flatMap((server) =>
    routesOfServer(server, server === defaultServer, serving.length, context),
  );
  draft.routes = settleOrder(routes, report);
  readListeners(serving, context);
  dropUnusedUpstreams(draft);
  reportRest(top, context);
  reportDifferences(report, draft.routes);
  return { draft, report };
}

/** What is in `http`, or all of a file that has no `http`. */
function httpContext(top: readonly Directive[], used: UsedDirectives): readonly Directive[] {
  const blocks = top.filter(({ name, block }) => name === 'http' && block !== undefined);
  for (const block of blocks) used.add(block);
  return blocks.length === 0 ? top : blocks.flatMap(({ block }) => block ?? []);
}

function tablesOf(http: readonly Directive[], used: UsedDirectives, report: ReportWriter) {
  const upstreams = new Map<string, Directive>();
  const zones = new Map<string, Directive>();
  const upgradeVariables = new Set<string>();
  for (const directive of http) {
    const { name, args } = directive;
    if (name === 'upstream' && args[0] !== undefined) upstreams.set(args[0], directive);
    const zone = /^limit_(req|conn)_zone$/.exec(name)?.[1];
    const zoneName = /^zone=([^:]+)/.exec(args.find((arg) => arg.startsWith('zone=')) ?? '')?.[1];
    if (zone !== undefined && zoneName !== undefined) zones.set(`${zone}:${zoneName}`, directive);
    if (name === 'map' && args[0] === '$http_upgrade' && args[1] !== undefined) {
      upgradeVariables.add(args[1].replace(/^\$/, ''));
      used.addWhole(directive);
      report.translate(
        directiveText(directive),
        'what Waygate does by itself: WebSockets are relayed',
        directive.place,
      );
    }
  }
  return { upstreams, zones, upgradeVariables };
}

/** Servers that have routes: without those that only lead to https, and those that differ in nothing but their port. */
function chooseServers(servers: readonly ServerBlock[], { report, used }: NginxContext): ServerBlock[] {
  const chosen: ServerBlock[] = [];
  const taken = new Map<string, ServerBlock>();
  for (const server of servers) {
    const { directive, names } = server;
    const what = names.length > 0 ? `server ${names.join(' ')}` : 'server';
    if (isRedirectToHttps(server) && servers.length > 1) {
      used.addWhole(directive);
      report.leaveOut(
        `${what}: redirect to https`,
        'the gateway does not serve TLS yet',
        'where TLS ends in front of it, name that under trustedProxies, and add the policy redirect: { https: true, status: 308 }',
        directive.place,
      );
      continue;
    }
    const keys = names.length > 0 ? names : [''];
    const rival = keys.map((name) => taken.get(name)).find((each) => each !== undefined);
    if (rival !== undefined) {
      used.addWhole(directive);
      report.leaveOut(
        what,
        `it is for the same hosts as the server in line ${rival.directive.place.line ?? '?'}, and routes do not look at ports`,
        'import it by itself, and start a gateway of its own for it',
        directive.place,
      );
      continue;
    }
    for (const name of keys) taken.set(name, server);
    chosen.push(server);
  }
  return chosen;
}

function routesOfServer(
  server: ServerBlock,
  isDefault: boolean,
  count: number,
  context: NginxContext,
): DraftRoute[] {
  const { directive, scope, names, block } = server;
  const hosts = isDefault || names.length === 0 ? undefined : names;
  if (names.length > 0) {
    const what = `server_name ${names.join(' ')}`;
    if (!isDefault) context.report.translate(what, 'host of its routes', directive.place);
    else if (count === 1)
      context.report.translate(
        what,
        'routes for any host, as the only server answers for all',
        directive.place,
      );
    else
      context.report.approximate(
        what,
        'routes for any host',
        'the default server answers for every host that no other has',
        directive.place,
      );
  }
  const constants = new Map<string, string>();
  for (const each of scope.own('set')) setConstant(each, constants, context);
  const locations = locationsOf(block, scope, context);
  const around: Surroundings = {
    hosts,
    constants,
    internals: new Map(
      locations.flatMap(({ text, directive: each }) => {
        const pass = each.block?.find(({ name }) => name === 'proxy_pass')?.args[0];
        return pass === undefined ? [] : [[text, pass] as const];
      }),
    ),
    named: new Map(block.flatMap((each) => (isNamed(each) ? [[each.args[0] ?? '', each] as const] : []))),
  };
  for (const each of around.named.values()) context.used.add(each);
  const [answer] = scope.own('return');
  if (answer !== undefined) return [wholeServer(server, hosts, answer, context)];
  const routes = locations.map((each) =>
    isInternal(each) ? internal(each, hosts, context) : routeOf(each, around, context),
  );
  const open = routes.some(({ path }) => path.type === 'prefix' && path.value === '/');
  if (hosts === undefined || open || routes.length === 0) return routes;
  // Otherwise a request for one of these hosts would go to the routes for any host.
  const last: DraftRoute = {
    what: `all else for ${hosts.join(' ')}`,
    comment: `All else for these hosts, which nginx looked for among its files.`,
    hosts,
    path: { type: 'prefix', value: '/' },
    policies: [{ name: 'respond', options: { status: 404 } }],
  };
  return [...routes, last];
}

function wholeServer(
  server: ServerBlock,
  hosts: readonly string[] | undefined,
  answer: Directive,
  context: NginxContext,
): DraftRoute {
  return {
    what: `server ${server.names.join(' ')}`,
    place: server.directive.place,
    ...(hosts !== undefined && { hosts }),
    path: { type: 'prefix', value: '/' },
    policies: [readReturn(answer, new Map(), context)],
  };
}

function setConstant(directive: Directive, constants: Map<string, string>, { report }: NginxContext): void {
  const [name = '', value = ''] = directive.args;
  if (value.includes('$')) {
    report.leaveOut(
      directiveText(directive),
      'it is made for each request',
      'write a policy in TypeScript',
      directive.place,
    );
    return;
  }
  constants.set(name.replace(/^\$/, ''), value);
  report.translate(`set ${name}`, 'its value, where it is used', directive.place);
}

function isInternal({ directive }: Location): boolean {
  return directive.block?.some(({ name }) => name === 'internal') === true;
}

/** Clients cannot ask for it, and get nothing from the locations around it either. */
function internal(
  location: Location,
  hosts: readonly string[] | undefined,
  { report, used }: NginxContext,
): DraftRoute {
  const { directive, text } = location;
  used.addWhole(directive);
  report.translate(`location ${text} (internal)`, '404: clients cannot ask for it', directive.place);
  return {
    what: directiveText(directive),
    place: directive.place,
    comment: `${directiveText(directive)}, which clients cannot ask for`,
    ...(hosts !== undefined && { hosts }),
    path: pathOf(location).path,
    policies: [{ name: 'respond', options: { status: 404 } }],
  };
}

function readListeners(servers: readonly ServerBlock[], { draft }: NginxContext): void {
  const listens = servers.flatMap((server) => (server.listens.length > 0 ? server.listens : []));
  for (const { value, tls } of listens) {
    if (draft.listen.some((each) => each.value === value)) continue;
    draft.listen.push(
      tls ? { value, comment: 'nginx ended TLS here: end it in front of the gateway' } : { value },
    );
  }
  if (draft.listen.length === 0) draft.listen.push({ value: 80, comment: 'where nginx listens by itself' });
}

function reportDifferences(report: ReportWriter, routes: readonly DraftRoute[]): void {
  if (!routes.some(({ upstream }) => upstream !== undefined)) return;
  report.approximate(
    'requests as services see them',
    'requests by Waygate',
    'they have Via, and X-Forwarded-For, -Host and -Proto (see forwarded); paths are canonical: dot segments and doubled slashes resolved',
  );
  report.approximate(
    'limits that are not written',
    'those of Waygate',
    'a body has up to 10mb (1m in nginx), an answer begins within 30s (60s), an exchange ends within 60s; redirects of services keep their Location',
  );
}
