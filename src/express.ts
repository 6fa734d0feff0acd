/**
 * `waygate/express`: a gateway inside an Express app, version 4 or 5. Express calls the same functions as `waygate/node`.
 */
export { createMiddleware, type Middleware, type MiddlewareOptions, type Next } from './mount/middleware.ts';
export type { MountOptions } from './mount/mount.ts';
export { BodyGoneError } from './mount/parsed-body.ts';
export { GatewayError, type ErrorCode, type ErrorSide } from './core/errors.ts';
export { ConfigError } from './gateway/config-error.ts';
