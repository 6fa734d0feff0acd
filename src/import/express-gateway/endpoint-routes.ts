import { closedDoor, type Draft, type DraftPolicy, type DraftRoute } from '../draft.ts';
import { escapeRegExp } from '../regular-expression.ts';
import type { ReportWriter } from '../report.ts';
import type { Narrowing } from './conditions.ts';
import type { Endpoint, EndpointPath } from './endpoints.ts';
import type { Step } from './pipelines.ts';
import { protecting, readPolicy } from './policies.ts';
import { readProxy } from './proxy-step.ts';
import type { Tree } from './yaml-tree.ts';

/** What routes are made with. */
export interface RouteContext {
  readonly draft: Draft;
  readonly report: ReportWriter;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly services: Tree | undefined;
}

/** The routes for an endpoint: one for each of its paths, and for each condition in its pipeline. */
export function routesOf(
  endpoint: Endpoint,
  steps: readonly Step[] | undefined,
  context: RouteContext,
): DraftRoute[] {
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
  { draft, report, services, env }: RouteContext,
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
  const front = type === 'prefix' && value !== '/' ? `(?=${escapeRegExp(value)}(?:/|$))` : '';
  return { path: { type: 'regex', value: `${front}${path.value}` }, strip: undefined };
}

function narrowedMethods(
  given: readonly string[] | undefined,
  narrowing: readonly string[] | undefined,
): readonly string[] | undefined {
  if (given === undefined || narrowing === undefined) return given ?? narrowing;
  return given.filter((method) => narrowing.includes(method));
}
