import { recordCall, type Handler } from './state.ts';

/**
 * Stands for http-proxy-middleware in the program, whatever its version: what versions 0 to 4 export, of which those
 * that make proxies are remembered and none does anything.
 */

const source = 'http-proxy-middleware';

/** As in all versions. */
export function createProxyMiddleware(...args: unknown[]): Handler {
  return recordCall(source, 'createProxyMiddleware', args);
}

/** As in version 3: the options and paths of version 2. */
export function legacyCreateProxyMiddleware(...args: unknown[]): Handler {
  return recordCall(source, 'legacyCreateProxyMiddleware', args);
}

/** Gives the interceptor that it was handed: what it does is the program's own. */
export function responseInterceptor(interceptor: Handler): Handler {
  return Object.assign((...args: never[]) => interceptor(...args), { interceptor });
}

export function fixRequestBody(): void {}

export function definePlugin(plugin: unknown): unknown {
  return plugin;
}

export function debugProxyErrorsPlugin(): void {}
export function errorResponsePlugin(): void {}
export function loggerPlugin(): void {}
export function proxyEventsPlugin(): void {}

/** Before version 1, the module itself was the function; `require` gets that with all the others on it. */
const module = Object.assign((...args: unknown[]) => recordCall(source, 'createProxyMiddleware', args), {
  createProxyMiddleware,
  legacyCreateProxyMiddleware,
  responseInterceptor,
  fixRequestBody,
  definePlugin,
  debugProxyErrorsPlugin,
  errorResponsePlugin,
  loggerPlugin,
  proxyEventsPlugin,
});

export default module;
export { module as 'module.exports' };
