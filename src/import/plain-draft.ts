import {
  literal,
  type Draft,
  type DraftPath,
  type DraftPolicy,
  type DraftRoute,
  type DraftUpstream,
} from './draft.ts';

/** A draft as the document that is written: plain data, keys in the order in which people read them. */
export function plainDraft(draft: Draft): Record<string, unknown> {
  const listeners = draft.listen.map(({ value }) => value);
  return withoutUndefined({
    listen: listeners.length === 1 ? listeners[0] : listeners.length === 0 ? undefined : listeners,
    admin: draft.admin,
    trustedProxies: draft.trustedProxies,
    redis: draft.redis,
    timeouts: withNumbers(draft.timeouts),
    limits: withNumbers(draft.limits),
    upstreams:
      draft.upstreams.length === 0
        ? undefined
        : Object.fromEntries(draft.upstreams.map((upstream) => [upstream.name, plainUpstream(upstream)])),
    policies: plainPolicies(draft.policies),
    routes: draft.routes.map(plainRoute),
  });
}

function plainUpstream({ targets, settings }: DraftUpstream): unknown {
  const list = targets.map(({ url, weight }) => (weight === undefined ? url : { url, weight }));
  return list.length === 1 && typeof list[0] === 'string' && Object.keys(settings).length === 0
    ? list[0]
    : { targets: list, ...settings };
}

function plainRoute(route: DraftRoute): Record<string, unknown> {
  return withoutUndefined({
    host: one(route.hosts),
    path: plainPath(route.path),
    method: one(route.methods),
    headers: route.headers,
    stripPrefix: route.stripPrefix,
    rewrite: route.rewrite,
    upstream: route.upstream,
    preserveHost: route.preserveHost,
    websocket: route.websocket,
    streaming: route.streaming,
    timeouts: withNumbers(route.timeouts),
    limits: withNumbers(route.limits),
    policies: plainPolicies(route.policies),
  });
}

function plainPath({ type, value }: DraftPath): unknown {
  const written = literal(value);
  const asText = /\*|\/:/.test(value) ? 'pattern' : 'prefix';
  return type === asText ? written : { [type]: written };
}

function plainPolicies(policies: readonly DraftPolicy[]): unknown {
  if (policies.length === 0) return undefined;
  return policies.map(({ name, options }) => ({ [name]: options }));
}

/** `0` is off, and a number as people write it. */
function withNumbers(settings: Readonly<Record<string, string>> | undefined): unknown {
  if (settings === undefined) return undefined;
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, value === '0' ? 0 : value]));
}

function one(list: readonly string[] | undefined): unknown {
  return list?.length === 1 ? list[0] : list;
}

function withoutUndefined(object: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined && !isEmptyMap(value)),
  );
}

function isEmptyMap(value: unknown): boolean {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0
  );
}
