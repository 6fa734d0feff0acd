import type { PolicyDefinition } from '../core/policy.ts';
import { apiKey } from '../policies/api-key/api-key.ts';
import { bodyLimit } from '../policies/body-limit/body-limit.ts';
import { cors } from '../policies/cors/cors.ts';
import { headers } from '../policies/headers/headers.ts';
import { ipFilter } from '../policies/ip-filter/ip-filter.ts';
import { jwt } from '../policies/jwt/jwt.ts';
import { redirect } from '../policies/redirect/redirect.ts';
import { requestId } from '../policies/request-id/request-id.ts';
import { respond } from '../policies/respond/respond.ts';
import { securityHeaders } from '../policies/security-headers/security-headers.ts';

/** Every policy that comes with the gateway, in the order in which the reference lists them. */
export const builtInPolicies = [
  apiKey,
  bodyLimit,
  cors,
  headers,
  ipFilter,
  jwt,
  redirect,
  requestId,
  respond,
  securityHeaders,
] as const satisfies readonly PolicyDefinition[];
