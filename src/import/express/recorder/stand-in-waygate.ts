import { recordCall, type Handler } from './state.ts';

/** Stands for waygate/http-proxy-middleware in the program. */

export function createProxyMiddleware(...args: unknown[]): Handler {
  return recordCall('waygate/http-proxy-middleware', 'createProxyMiddleware', args);
}

export class UnsupportedError extends Error {}

export {
  debugProxyErrorsPlugin,
  definePlugin,
  errorResponsePlugin,
  fixRequestBody,
  loggerPlugin,
  proxyEventsPlugin,
  responseInterceptor,
} from './stand-in.ts';
