import type { PolicyModule } from './policy-modules/load-policy-modules.ts';
import { list, routeNames } from './route-names.ts';
import type { ConfigDocument, RouteDocument } from './schema/document.ts';
import type { ParsedPolicyUse } from '../core/policy-list.ts';

/** One policy in a list of policies. */
export interface PolicyUse {
  /** The name of the policy's definition. */
  readonly name: string;
  /** What the policy's own schema made of the options. */
  readonly options: unknown;
  /** Where the options stand in the document, for mistakes that only the policy can see. */
  readonly path: readonly (string | number)[];
}

/**
 * The configuration out of a document in which no mistake was found: names given, time-outs inherited, all frozen.
 * @param modules what its policy modules have brought.
 */
export function buildConfig(document: ConfigDocument, modules: readonly PolicyModule[] = []): BuiltConfig {
  return build(document, modules);
}

/** What {@link buildConfig} returns: its type follows from the schema. */
export type BuiltConfig = ReturnType<typeof build>;

function build(document: ConfigDocument, modules: readonly PolicyModule[]) {
  const { $schema: _, policyModules: __, upstreams, policies, routes, admin, ...rest } = document;
  const names = routeNames(routes);
  return deepFreeze({
    ...rest,
    admin,
    upstreams: upstreamsByName(upstreams),
    policyModules: modules,
    policies: policyUses(policies, ['policies']),
    routes: routes.map((route, index) => buildRoute(document, route, names[index] ?? '', index)),
  });
}

function buildRoute(document: ConfigDocument, route: RouteDocument, name: string, index: number) {
  const { host, method, upstream, rewrite, timeouts, limits, policies, ...rest } = route;
  return {
    ...rest,
    name,
    hosts: list(host),
    methods: list<string>(method),
    upstream,
    rewrite,
    timeouts: {
      exchange: route.streaming ? 0 : (timeouts.exchange ?? document.timeouts.exchange),
      policy: timeouts.policy ?? document.timeouts.policy,
      requestBody: route.streaming ? 0 : (timeouts.requestBody ?? document.timeouts.requestBody),
      requestBodyIdle: timeouts.requestBodyIdle ?? document.timeouts.requestBodyIdle,
      responseHeaders: timeouts.responseHeaders,
      bodyIdle: timeouts.bodyIdle,
    },
    limits: { body: limits.body ?? document.limits.body },
    policies: policyUses(policies, ['routes', index, 'policies']),
  };
}

function policyUses(uses: readonly ParsedPolicyUse[], path: readonly (string | number)[]): PolicyUse[] {
  return uses.map(({ name, options }, index) => ({ name, options, path: [...path, index, name] }));
}

/** Without a prototype, so that `upstreams['toString']` is undefined like any other name that nobody gave. */
function upstreamsByName(upstreams: ConfigDocument['upstreams']) {
  const named = Object.entries(upstreams).map(([name, upstream]) => [name, { name, ...upstream }] as const);
  return Object.setPrototypeOf(Object.fromEntries(named), null) as Record<string, (typeof named)[number][1]>;
}

/** Freezes plain objects and lists all the way down; what a policy's schema made of other classes is left alone. */
function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype && prototype !== Array.prototype) return value;
  Object.freeze(value);
  if (Array.isArray(value)) for (const item of value) deepFreeze(item);
  else for (const key of Reflect.ownKeys(value)) deepFreeze(Reflect.get(value, key));
  return value;
}
