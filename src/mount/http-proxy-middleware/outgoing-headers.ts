import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { forwardingNames } from '../../gateway/client-address.ts';
import type { Options } from './options.ts';
import type { ProxyTarget } from './proxy-target.ts';

/** The headers of the request for a target, before anybody listens to it. */
export function outgoingHeaders<TReq extends IncomingMessage, TRes extends ServerResponse>(
  request: TReq,
  target: ProxyTarget,
  { xfwd, headers: added, auth, changeOrigin }: Options<TReq, TRes>,
  upgrade: boolean,
): IncomingHttpHeaders {
  const headers: IncomingHttpHeaders = { ...request.headers };
  if (!trustsPeer(request)) for (const name of forwardingNames) headers[name] = undefined;
  if (!upgrade) headers.upgrade = undefined;
  if (xfwd === true) addForwarding(headers, request, upgrade);
  for (const [name, value] of Object.entries(added ?? {})) headers[name.toLowerCase()] = value;
  if (auth !== undefined) headers.authorization ??= `Basic ${Buffer.from(auth).toString('base64')}`;
  if (changeOrigin === true) headers.host = target.host;
  return headers;
}

function addForwarding(
  headers: IncomingHttpHeaders,
  { socket, headers: { host } }: IncomingMessage,
  upgrade: boolean,
): void {
  const encrypted = 'encrypted' in socket && socket.encrypted === true;
  const port = /:(\d+)$/.exec(host ?? '')?.[1] ?? (encrypted ? '443' : '80');
  const scheme = upgrade ? 'ws' : 'http';
  headers['x-forwarded-for'] ??= socket.remoteAddress ?? '';
  headers['x-forwarded-port'] ??= port;
  headers['x-forwarded-proto'] ??= encrypted ? `${scheme}s` : scheme;
  if (!upgrade) headers['x-forwarded-host'] ??= host ?? '';
}

/** An app of Express, as far as it is asked here. */
interface TrustingApp {
  readonly get: (
    setting: 'trust proxy fn',
  ) => ((address: string | undefined, hop: number) => boolean) | undefined;
}

/** Whether the app believes what the other end of the connection says about clients: `trust proxy` of Express. */
function trustsPeer(request: IncomingMessage & { readonly app?: unknown }): boolean {
  const { app, socket } = request;
  return isExpress(app) && app.get('trust proxy fn')?.(socket.remoteAddress, 0) === true;
}

function isExpress(app: unknown): app is TrustingApp {
  return typeof app === 'function' && 'get' in app && typeof app.get === 'function' && 'enabled' in app;
}
