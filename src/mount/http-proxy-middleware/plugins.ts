import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Options, Plugin } from './options.ts';
import { statusOf } from './proxy-error.ts';

/** Declares a plugin; only there so that its parameters have types. */
export function definePlugin<
  TReq extends IncomingMessage = IncomingMessage,
  TRes extends ServerResponse = ServerResponse,
>(plugin: Plugin<TReq, TRes>): Plugin<TReq, TRes> {
  return plugin;
}

/** Nothing here ends a process for an error that nobody listens to: it goes to the app's error handler. There for programs that name it. */
export const debugProxyErrorsPlugin: Plugin = () => undefined;

/** Subscribes to what `on` in the options says. */
export const proxyEventsPlugin: Plugin = (proxy, { on = {} }) => {
  if (on.error) proxy.on('error', on.error);
  if (on.proxyReq) proxy.on('proxyReq', on.proxyReq);
  if (on.proxyReqWs) proxy.on('proxyReqWs', on.proxyReqWs);
  if (on.proxyRes) proxy.on('proxyRes', on.proxyRes);
  if (on.open) proxy.on('open', on.open);
  if (on.close) proxy.on('close', on.close);
  if (on.start) proxy.on('start', on.start);
  if (on.end) proxy.on('end', on.end);
  if (on.econnreset) proxy.on('econnreset', on.econnreset);
};

/** Writes a line about each exchange to `logger`. */
export const loggerPlugin: Plugin = (proxy, { logger }) => {
  if (logger === undefined) return;
  proxy.on('error', (error, request, _response, target) => {
    const asked = `${request.headers.host ?? ''}${request.url ?? ''}`;
    const code = 'code' in error ? error.code : error;
    logger.error(
      '[HPM] Error occurred while proxying request %s to %s [%s] (%s)',
      asked,
      nameOf(target),
      code,
      'https://nodejs.org/api/errors.html#errors_common_system_errors',
    );
  });
  proxy.on('proxyRes', ({ statusCode, req }, request) => {
    const { originalUrl, url } = request as IncomingMessage & { readonly originalUrl?: string };
    const to = req === undefined ? '' : `${req.protocol}//${req.authority}${req.path}`;
    logger.info(`[HPM] ${request.method ?? ''} ${originalUrl ?? url ?? ''} -> ${to} [${String(statusCode)}]`);
  });
  proxy.on('open', (socket) => {
    logger.info('[HPM] Client connected: %o', socket.address());
  });
  proxy.on('close', (_answer, socket) => {
    logger.info('[HPM] Client disconnected: %o', socket.address());
  });
};

/** Answers what went wrong with a sentence, and ends the socket of a failed upgrade. */
export const errorResponsePlugin: Plugin = (proxy) => {
  proxy.on('error', (error, request, response) => {
    if (!(response instanceof ServerResponse)) {
      response.destroy();
      return;
    }
    if (!response.headersSent) response.writeHead(statusOf(error));
    const asked = `${request.headers.host ?? ''}${request.url ?? ''}`;
    response.end(`Error occurred while trying to proxy: ${asked.replace(/[<>]/g, encodeURIComponent)}`);
  });
};

/** The plugins of a proxy, in the order in which they subscribe. */
export function pluginsOf<TReq extends IncomingMessage, TRes extends ServerResponse>({
  ejectPlugins,
  plugins = [],
  on,
}: Options<TReq, TRes>): readonly Plugin<TReq, TRes>[] {
  // They know requests and responses of any kind.
  const usual = [
    debugProxyErrorsPlugin,
    proxyEventsPlugin,
    loggerPlugin,
    ...(on?.error === undefined ? [errorResponsePlugin] : []),
  ] as unknown as readonly Plugin<TReq, TRes>[];
  return ejectPlugins === true ? plugins : [...usual, ...plugins];
}

function nameOf(target: unknown): string {
  return target instanceof URL ? target.href : JSON.stringify(target);
}
