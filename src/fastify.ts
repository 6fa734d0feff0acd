/**
 * `waygate/fastify`: a gateway as a plugin of Fastify 5.
 */
export { waygate, type FastifyMountOptions } from './mount/fastify-plugin.ts';
export type { MountOptions } from './mount/mount.ts';
export { BodyGoneError } from './mount/parsed-body.ts';
export { GatewayError, type ErrorCode, type ErrorSide } from './core/errors.ts';
export { ConfigError } from './gateway/config-error.ts';
