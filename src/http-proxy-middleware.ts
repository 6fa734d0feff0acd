/**
 * `waygate/http-proxy-middleware`: a drop-in for the package http-proxy-middleware, version 4, on the gateway's engine.
 */
export { createProxyMiddleware } from './mount/http-proxy-middleware/create-proxy-middleware.ts';
export { fixRequestBody } from './mount/http-proxy-middleware/fix-request-body.ts';
export { responseInterceptor, type Interceptor } from './mount/http-proxy-middleware/response-interceptor.ts';
export {
  debugProxyErrorsPlugin,
  definePlugin,
  errorResponsePlugin,
  loggerPlugin,
  proxyEventsPlugin,
} from './mount/http-proxy-middleware/plugins.ts';
export { UnsupportedError } from './mount/http-proxy-middleware/unsupported-error.ts';
export type {
  Filter,
  Logger,
  OnProxyEvent,
  Options,
  PathRewrite,
  Plugin,
  ProxyEvents,
  PluginHost,
  RequestHandler,
  TargetRouter,
} from './mount/http-proxy-middleware/options.ts';
export type { EventName } from './mount/http-proxy-middleware/proxy-events.ts';
export type { ProxyRequest } from './mount/http-proxy-middleware/proxy-request.ts';
export type { AnsweredRequest, ProxyResponse } from './mount/http-proxy-middleware/proxy-response.ts';
export type { ProxySocket } from './mount/http-proxy-middleware/proxy-socket.ts';
export type { TargetInput, TargetParts } from './mount/http-proxy-middleware/proxy-target.ts';
