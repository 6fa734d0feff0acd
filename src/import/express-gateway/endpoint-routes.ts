import { closedDoor, type Draft, type DraftPath, type DraftPolicy, type DraftRoute } from '../draft.ts';
import { escapeRegExp, tried } from '../regular-expression.ts';
import type { ReportWriter } from '../report.ts';
import { expression, sourceOf } from '../settle-order.ts';
import type { Narrowing } from './conditions.ts';
import type { Endpoint, EndpointPath } from './endpoints.ts';
import { stepText, type Step } from './pipelines.ts';
import { authenticates, protects, readPolicy } from './policies.ts';
import { readProxy } from './proxy-step.ts';
import type { Tree } from './yaml-tree.ts';

/** What routes are made with. */
export interface RouteContext {
  readonly draft: Draft;
  readonly report: ReportWriter;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly services: Tree | undefined;
  /** Steps that there is something to say of, or that routes have. */
  readonly reached: Set<Step>;
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
  for (const step of steps) reportCondition(step, context);
  reportScopes(endpoint, steps, report);
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

/** Says what of a step is lost by its condition. */
function reportCondition(step: Step, { report, reached }: RouteContext): void {
  const { condition, policy, place } = step;
  if (condition.type !== 'never' && condition.type !== 'unknown') return;
  reached.add(step);
  if (condition.type === 'never') {
    report.translate(stepText(step), 'nothing: its condition is never', place);
    return;
  }
  const closed = protects(policy) ? '; nobody passes until it is translated' : '';
  report.leaveOut(
    stepText(step),
    `a route cannot say when its condition ${condition.name} holds${closed}`,
    'a route with method, headers or query, a rule of authorize, or a policy in TypeScript',
    place,
  );
}

/** Scopes are asked for by the policies that verify tokens; others say nothing of them. */
function reportScopes({ name, scopes, tree }: Endpoint, steps: readonly Step[], report: ReportWriter): void {
  if (scopes.length === 0) return;
  if (steps.some(({ policy }) => policy === 'jwt' || policy === 'oauth2-introspect')) return;
  const closed = steps.some(({ policy }) => authenticates(policy));
  report.leaveOut(
    `apiEndpoint ${name}: scopes`,
    closed ? 'nobody passes until who is asking is known' : 'no policy in its pipeline says who is asking',
    'the policy authorize: { rules: [{ scopes: […] }] }, behind the one that says who is asking',
    tree.place,
  );
}

function routeOf(
  endpoint: Endpoint,
  given: EndpointPath,
  steps: readonly Step[],
  key: string | undefined,
  narrowing: Narrowing,
  { draft, report, services, env, reached }: RouteContext,
): DraftRoute | undefined {
  const path = narrowedPath(given, narrowing);
  const methods = narrowedMethods(endpoint.methods, narrowing.methods);
  const hosts = narrowedHosts(endpoint.hosts, narrowing.hosts);
  if (path === undefined || methods?.length === 0 || hosts?.length === 0) return undefined;
  const what = `apiEndpoint ${endpoint.name}`;
  const route = {
    what: `${what} at ${given.path.value}`,
    place: endpoint.tree.place,
    comment: what,
    ...(hosts !== undefined && { hosts }),
    ...(methods !== undefined && { methods }),
  };
  const policies: DraftPolicy[] = [];
  for (const step of steps) {
    const { policy, action, condition, place } = step;
    if (condition.type === 'never') continue;
    if (condition.type === 'when' && condition.key !== key) {
      // A request of this route may be one that the other condition holds for.
      const both = key !== undefined && condition.any.some((other) => mayMeet(other, narrowing));
      if (both && protects(policy)) policies.push(closedDoor(`policy ${policy}`));
      continue;
    }
    if (condition.type === 'unknown') {
      if (protects(policy)) policies.push(closedDoor(`policy ${policy}`));
      continue;
    }
    reached.add(step);
    if (policy === 'proxy') {
      const change = readProxy(action, place, path, services, draft, report);
      if (change === undefined) continue;
      return { ...route, ...change, policies: [...policies, ...change.policies] };
    }
    policies.push(...readPolicy(policy, action, place, { draft, report, env, scopes: endpoint.scopes }));
    if (policy === 'terminate') return { ...route, path: path.path, policies };
  }
  if (!steps.some(({ policy, condition }) => policy === 'proxy' && condition.type === 'when'))
    report.leaveOut(
      `${what}: the end of its pipeline`,
      'no step there asks a service',
      'write an upstream; until then the answer is 404',
      endpoint.tree.place,
    );
  // A pipeline that ends without an answer is 404, and no other route is asked.
  const notFound: DraftPolicy = { name: 'respond', options: { status: 404 } };
  return { ...route, path: path.path, policies: [...policies, notFound] };
}

/** Whether there are requests that both ask for; yes, where that is not plain to see. */
function mayMeet(one: Narrowing, other: Narrowing): boolean {
  const { methods } = other;
  if (methods !== undefined && one.methods?.some((method) => methods.includes(method)) === false)
    return false;
  return !(one.path?.type === 'exact' && other.path?.type === 'exact' && one.path.value !== other.path.value);
}

/** A path that both an endpoint and a condition ask for; undefined where there is none. */
function narrowedPath(given: EndpointPath, { path }: Narrowing): EndpointPath | undefined {
  if (path === undefined) return given;
  if (given.path.type === 'exact') return expression(path).test(given.path.value) ? given : undefined;
  if (path.type === 'exact')
    return tried(`^${headOf(given.path)}`).test(path.value) ? { path, strip: undefined } : undefined;
  return { path: { type: 'regex', value: `(?=${headOf(given.path)})${path.value}` }, strip: undefined };
}

/** What a path begins with that is for an endpoint. */
function headOf(path: DraftPath): string {
  if (path.type !== 'prefix') return `(?:${sourceOf(path)})$`;
  return path.value === '/' ? '/' : `${escapeRegExp(path.value)}(?:/|$)`;
}

/** Hosts that both ask for. */
function narrowedHosts(
  given: readonly string[] | undefined,
  narrowing: readonly string[] | undefined,
): readonly string[] | undefined {
  if (given === undefined || narrowing === undefined) return given ?? narrowing;
  const isIn = (host: string, wanted: string): boolean =>
    host === wanted || (wanted.startsWith('*.') && host.endsWith(wanted.slice(1)));
  return [
    ...narrowing.filter((host) => given.some((wanted) => isIn(host, wanted))),
    ...given.filter((host) => narrowing.some((wanted) => wanted !== host && isIn(host, wanted))),
  ];
}

function narrowedMethods(
  given: readonly string[] | undefined,
  narrowing: readonly string[] | undefined,
): readonly string[] | undefined {
  if (given === undefined || narrowing === undefined) return given ?? narrowing;
  return given.filter((method) => narrowing.includes(method));
}
