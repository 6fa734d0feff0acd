/**
 * Waygate in a program: start a gateway, and describe one.
 */
export { createGateway, ConfigError, Gateway } from './gateway/gateway.ts';
export type { GatewayOptions, ReloadResult } from './gateway/gateway.ts';
export type { ConfigInput } from './config/schema.ts';
