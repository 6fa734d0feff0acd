import { basename } from 'node:path';
import { closedDoor, newDraft, type Draft, type DraftPolicy, type DraftRoute } from '../draft.ts';
import type { Imported } from '../finish-import.ts';
import { ReportWriter } from '../report.ts';
import { settleOrder } from '../settle-order.ts';
import { readCondition, type Condition, type Narrowing } from './conditions.ts';
import { readEndpoints, type Endpoint, type EndpointPath } from './endpoints.ts';
import { resolved } from './environment.ts';
import { protecting, readPolicy } from './policies.ts';
import { readProxy } from './proxy-step.ts';
import { at, entriesOf, listOf, numberOf, textOf, textsOf, type Tree } from './yaml-tree.ts';

/** One step of a pipeline. */
interface Step {
  readonly policy: string;
  readonly action: Tree | undefined;
  readonly condition: Condition;
  readonly place: Tree['place'];
}

/** Makes a configuration of that of Express Gateway. */
export function importExpressGateway(
  source: Tree,
  system: Tree | undefined,
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): Imported {
  const draft = newDraft([
    `Imported from ${basename(file)} of Express Gateway, by "waygate import express-gateway".`,
    'What was approximated or left out is in the report that the command prints.',
  ]);
  const report = new ReportWriter();
  const gateway = resolved(source, env, report);
  readListeners(gateway, draft, report);
  readSystem(system, report);
  const endpoints = readEndpoints(at(gateway, 'apiEndpoints'), report);
  const services = at(gateway, 'serviceEndpoints');
  const pipelines = new Map<string, readonly Step[]>();
  const usedPolicies = new Set<string>();
  for (const [name, pipeline] of pipelinesOf(gateway)) {
    const steps = stepsOf(pipeline);
    for (const { policy } of steps) usedPolicies.add(policy);
    for (const endpoint of textsOf(at(pipeline, 'apiEndpoints') ?? at(pipeline, 'apiEndpoint'))) {
      if (!endpoints.some((each) => each.name === endpoint))
        report.leaveOut(
          `pipeline ${name}: apiEndpoint ${endpoint}`,
          'there is no route for it',
          'see what is said of it, or write it',
          pipeline.place,
        );
      pipelines.set(endpoint, steps);
    }
  }
  const context = { draft, report, services, env };
  // Hosts are asked in the order in which they first stand there.
  const hosts = [...new Set(endpoints.map(({ hosts: each }) => JSON.stringify(each)))];
  const inOrder = hosts.flatMap((host) => endpoints.filter((each) => JSON.stringify(each.hosts) === host));
  draft.routes = settleOrder(
    inOrder.flatMap((endpoint) => routesOf(endpoint, pipelines.get(endpoint.name), context)),
    report,
  );
  const names = new Set(draft.routes.map(({ upstream }) => upstream));
  draft.upstreams.splice(0, Infinity, ...draft.upstreams.filter(({ name }) => names.has(name)));
  for (const [name, service] of entriesOf(services))
    if (!draft.upstreams.some((each) => each.place?.line === service.place.line))
      report.leaveOut(
        `serviceEndpoint ${name}`,
        'no pipeline asks it',
        'nothing is lost; add it to upstreams where it is needed',
        service.place,
      );
  reportRest(gateway, usedPolicies, report);
  return { draft, report };
}

function readListeners(gateway: Tree, draft: Draft, report: ReportWriter): void {
  const http = at(gateway, 'http');
  const port = numberOf(at(http, 'port'));
  const host = textOf(at(http, 'hostname'));
  if (port !== undefined) {
    const value = host === undefined || host === '0.0.0.0' ? port : `${host}:${port}`;
    draft.listen.push({ value });
    report.translate('http', `listen: ${value}`, http?.place);
  }
  const https = at(gateway, 'https');
  if (https !== undefined)
    report.leaveOut(
      'https',
      'the gateway does not serve TLS yet',
      'end TLS in front of it, and name what does that under trustedProxies',
      https.place,
    );
  if (draft.listen.length === 0) draft.listen.push({ value: 8080, comment: 'there was no http' });
  const admin = at(gateway, 'admin');
  const adminPort = numberOf(at(admin, 'port'));
  if (admin === undefined || adminPort === undefined) return;
  draft.admin = { port: adminPort };
  report.approximate(
    'admin',
    `admin: { port: ${adminPort} }`,
    'it is another interface, on 127.0.0.1: /metrics, /healthz, /readyz and /config. Users, keys and pipelines are changed in files',
    admin.place,
  );
}

/** Secrets stand in it: what it says is never shown. */
function readSystem(system: Tree | undefined, report: ReportWriter): void {
  for (const [key, value] of entriesOf(system)) {
    const what = `system.config.yml: ${key}`;
    if (key === 'db')
      report.leaveOut(
        what,
        'the gateway has no database; users, keys and tokens in it are not taken along',
        'for limits and answers that several gateways share, set redis: redis://…',
        value.place,
      );
    else if (key === 'plugins')
      for (const [plugin, { place }] of entriesOf(value))
        report.leaveOut(
          `plugin ${plugin}`,
          'plugins of Express Gateway do not run here',
          'see docs/policies.md for a policy that does the same',
          place,
        );
    else report.leaveOut(what, 'the gateway has nothing that it is for', 'nothing is needed', value.place);
  }
}

function pipelinesOf(gateway: Tree): readonly (readonly [string, Tree])[] {
  const tree = at(gateway, 'pipelines') ?? at(gateway, 'pipeline');
  if (tree?.type === 'list')
    return tree.items.map((item, index) => [textOf(at(item, 'name')) ?? String(index + 1), item] as const);
  return entriesOf(tree);
}

function stepsOf(pipeline: Tree): Step[] {
  return listOf(at(pipeline, 'policies') ?? at(pipeline, 'policy')).flatMap((item): Step[] => {
    const [entry] = entriesOf(item);
    if (entry === undefined) {
      const name = textOf(item);
      return name === undefined
        ? []
        : [{ policy: name, action: undefined, condition: { type: 'always' }, place: item.place }];
    }
    const [policy, value] = entry;
    const steps = listOf(value);
    if (steps.length === 0)
      return [{ policy, action: undefined, condition: { type: 'always' }, place: value.place }];
    return steps.map((step) => ({
      policy,
      action: at(step, 'action'),
      condition: readCondition(at(step, 'condition')),
      place: steps.length === 1 ? value.place : step.place,
    }));
  });
}

interface Context {
  readonly draft: Draft;
  readonly report: ReportWriter;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly services: Tree | undefined;
}

function routesOf(endpoint: Endpoint, steps: readonly Step[] | undefined, context: Context): DraftRoute[] {
  const { report } = context;
  if (steps === undefined) {
    report.leaveOut(
      `apiEndpoint ${endpoint.name}`,
      'no pipeline is for it',
      'nothing is lost: it was answered 404',
      endpoint.tree.place,
    );
    return [];
  }
  for (const { condition, policy, place } of steps) {
    if (condition.type === 'never') report.translate(`policy ${policy}, never`, 'nothing', place);
    if (condition.type === 'unknown')
      report.leaveOut(
        `condition ${condition.name} of policy ${policy}`,
        'a route cannot say when it holds',
        'a route with method, headers or query, a rule of authorize, or a policy in TypeScript',
        place,
      );
  }
  const conditions = new Map(
    steps.flatMap(({ condition }) =>
      condition.type === 'when' ? [[condition.key, condition.any] as const] : [],
    ),
  );
  if (conditions.size > 1)
    report.approximate(
      `conditions in the pipeline of ${endpoint.name}`,
      'routes',
      'where two of them hold for one request, the route that comes first decides (docs/routing.md)',
      endpoint.tree.place,
    );
  const variants: (readonly [key: string | undefined, narrowing: Narrowing])[] = [
    ...[...conditions].flatMap(([key, any]) => any.map((narrowing) => [key, narrowing] as const)),
    [undefined, {}],
  ];
  return endpoint.paths.flatMap((path) =>
    variants.flatMap(([key, narrowing]) => routeOf(endpoint, path, steps, key, narrowing, context) ?? []),
  );
}

function routeOf(
  endpoint: Endpoint,
  given: EndpointPath,
  steps: readonly Step[],
  key: string | undefined,
  narrowing: Narrowing,
  { draft, report, services, env }: Context,
): DraftRoute | undefined {
  const path = narrowedPath(given, narrowing);
  const methods = narrowedMethods(endpoint.methods, narrowing.methods);
  if (path === undefined || methods?.length === 0) return undefined;
  const what = `apiEndpoint ${endpoint.name}`;
  const route = {
    what,
    place: endpoint.tree.place,
    comment: what,
    ...((narrowing.hosts ?? endpoint.hosts) ? { hosts: narrowing.hosts ?? endpoint.hosts ?? [] } : {}),
    ...(methods !== undefined && { methods }),
  };
  const policies: DraftPolicy[] = [];
  for (const { policy, action, condition, place } of steps) {
    if (condition.type === 'never') continue;
    if (condition.type === 'when' && condition.key !== key) continue;
    if (condition.type === 'unknown') {
      if (protecting.has(policy)) policies.push(closedDoor(`policy ${policy}`));
      continue;
    }
    if (policy === 'proxy') {
      const change = readProxy(action, place, path, services, draft, report);
      if (change === undefined) continue;
      return { ...route, ...change, policies: [...policies, ...change.policies] };
    }
    policies.push(...readPolicy(policy, action, place, { draft, report, env, scopes: endpoint.scopes }));
    if (policy === 'terminate') return { ...route, path: path.path, policies };
  }
  // A pipeline that ends without an answer is 404; where a condition made it end so, the other routes have said so.
  if (
    key === undefined &&
    steps.some(({ policy, condition }) => policy === 'proxy' && condition.type === 'when')
  )
    return undefined;
  report.leaveOut(
    `${what}: the end of its pipeline`,
    'no step there asks a service',
    'write an upstream; until then the answer is 404',
    endpoint.tree.place,
  );
  return {
    ...route,
    path: path.path,
    policies: [...policies, { name: 'respond', options: { status: 404 } }],
  };
}

/** A path that both an endpoint and a condition ask for; undefined where there is none. */
function narrowedPath(given: EndpointPath, { path }: Narrowing): EndpointPath | undefined {
  if (path === undefined) return given;
  const { type, value } = given.path;
  if (path.type === 'exact') {
    const inside =
      type === 'prefix' ? value === '/' || path.value === value || path.value.startsWith(`${value}/`) : true;
    return inside ? { path, strip: undefined } : undefined;
  }
  const front =
    type === 'prefix' && value !== '/' ? `(?=${value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}(?:/|$))` : '';
  return { path: { type: 'regex', value: `${front}${path.value}` }, strip: undefined };
}

function narrowedMethods(
  given: readonly string[] | undefined,
  narrowing: readonly string[] | undefined,
): readonly string[] | undefined {
  if (given === undefined || narrowing === undefined) return given ?? narrowing;
  return given.filter((method) => narrowing.includes(method));
}

const knownKeys = new Set([
  'http',
  'https',
  'admin',
  'apiEndpoints',
  'apiEndpoint',
  'serviceEndpoints',
  'pipelines',
  'pipeline',
]);

function reportRest(gateway: Tree, used: ReadonlySet<string>, report: ReportWriter): void {
  for (const [key, value] of entriesOf(gateway)) {
    if (key === 'policies') {
      for (const policy of textsOf(value))
        if (!used.has(policy))
          report.translate(`policies: ${policy}`, 'nothing: no pipeline uses it', value.place);
      report.translate('policies', 'nothing: policies are used where they are named', value.place);
    } else if (!knownKeys.has(key))
      report.leaveOut(key, 'there is nothing known by this name', 'see docs/configuration.md', value.place);
  }
  report.approximate(
    'how Express compares paths',
    'how Waygate does',
    'Express takes no notice of case, and of a slash at the end; a route is for its path as it is written',
  );
  report.approximate(
    'requests as services see them',
    'requests by Waygate',
    'they have Via, and X-Forwarded-For, -Host and -Proto (see forwarded), and no eg-request-id: the policy request-id gives them an X-Request-Id',
  );
  report.approximate(
    'limits',
    'those of Waygate',
    'a body has up to 10mb and an exchange up to 60s, unless limits and timeouts say otherwise',
  );
}
