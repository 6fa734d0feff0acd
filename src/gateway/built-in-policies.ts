import type { PolicyDefinition } from '../core/policy.ts';
import { anyOf } from '../policies/any-of/any-of.ts';
import { apiKey } from '../policies/api-key/api-key.ts';
import { authorize } from '../policies/authorize/authorize.ts';
import { basicAuth } from '../policies/basic-auth/basic-auth.ts';
import { bodyLimit } from '../policies/body-limit/body-limit.ts';
import { cache } from '../policies/cache/cache.ts';
import { concurrencyLimit } from '../policies/concurrency-limit/concurrency-limit.ts';
import { cors } from '../policies/cors/cors.ts';
import { forwardAuth } from '../policies/forward-auth/forward-auth.ts';
import { headers } from '../policies/headers/headers.ts';
import { introspection } from '../policies/introspection/introspection.ts';
import { ipFilter } from '../policies/ip-filter/ip-filter.ts';
import { jwt } from '../policies/jwt/jwt.ts';
import { quota } from '../policies/quota/quota.ts';
import { rateLimit } from '../policies/rate-limit/rate-limit.ts';
import { redirect } from '../policies/redirect/redirect.ts';
import { requestId } from '../policies/request-id/request-id.ts';
import { respond } from '../policies/respond/respond.ts';
import { securityHeaders } from '../policies/security-headers/security-headers.ts';

/** Those that establish who is asking, and may stand in `any-of`. */
const authenticating = [
  apiKey,
  basicAuth,
  forwardAuth,
  introspection,
  jwt,
] as const satisfies readonly PolicyDefinition[];

/** Every policy that comes with the gateway, in the order in which the reference lists them. */
export const builtInPolicies = [
  anyOf(authenticating),
  apiKey,
  authorize,
  basicAuth,
  bodyLimit,
  cache,
  concurrencyLimit,
  cors,
  forwardAuth,
  headers,
  introspection,
  ipFilter,
  jwt,
  quota,
  rateLimit,
  redirect,
  requestId,
  respond,
  securityHeaders,
] as const satisfies readonly PolicyDefinition[];

/** The built-in policies and those of a program, of which the ones that establish who is asking may stand in `any-of` as well. */
export function policiesWith(others: readonly PolicyDefinition[] = []): readonly PolicyDefinition[] {
  const more = others.filter(({ authenticates }) => authenticates === true);
  if (more.length === 0) return [...builtInPolicies, ...others];
  const [, ...rest] = builtInPolicies;
  return [anyOf([...authenticating, ...more]), ...rest, ...others];
}
