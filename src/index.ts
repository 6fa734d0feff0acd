/**
 * Waygate in a program: start a gateway, and describe one.
 */
import { createDefineGateway } from './config/define-gateway.ts';
import { builtInPolicies } from './gateway/built-in-policies.ts';

export { ConfigError } from './gateway/config-error.ts';
export { createGateway } from './gateway/gateway.ts';
export { createHandler, type Handler } from './mount/handler.ts';
export type { RequestOrigin } from './gateway/handle-request.ts';
export type { Gateway, GatewayOptions, GatewayStats, ReloadResult } from './gateway/gateway-options.ts';
export type { ConfigInput } from './config/schema.ts';

/** Describes a gateway in TypeScript: the configuration as it is, checked by the compiler. */
export const defineGateway = createDefineGateway(builtInPolicies);
