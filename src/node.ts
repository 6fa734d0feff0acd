/**
 * `waygate/node`: a gateway inside an app of `node:http`, or of anything that takes `(request, response, next)`.
 */
export { createMiddleware, type Middleware, type MiddlewareOptions, type Next } from './mount/middleware.ts';
export type { MountOptions } from './mount/mount.ts';
export { BodyGoneError } from './mount/parsed-body.ts';
export { GatewayError, type ErrorCode, type ErrorSide } from './core/errors.ts';
export { ConfigError } from './gateway/config-error.ts';
