import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import type { Logger } from '../core/logger.ts';
import { expositionType } from '../observe/exposition.ts';
import { maskSecrets } from '../observe/mask-secrets.ts';
import { AdminGate, type Refusal } from './admin-gate.ts';
import { purgePage, type PurgeTools } from './purge-page.ts';

/** Whether the gateway takes new requests, and why not. */
export interface Readiness {
  readonly ready: boolean;
  /** `starting`, `draining`, …; undefined when it is ready. */
  readonly reason: string | undefined;
  /** How many threads serve, and how many should; undefined where there is only one. */
  readonly workers?: { readonly serving: number; readonly wanted: number } | undefined;
}

export interface AdminOptions extends PurgeTools {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** Asked for by everything except `/healthz` and `/readyz`; undefined asks for none. */
  readonly token: string | undefined;
  readonly logger: Logger;
  /** The text for Prometheus, format 0.0.4. */
  readonly metrics: () => string;
  readonly ready: () => Readiness;
  /** The running configuration with its version and when it was loaded, as plain data; masked here. */
  readonly config: () => unknown;
  readonly clock?: Clock;
}

/** The admin listener while it runs. */
export interface AdminServer {
  readonly address: { readonly host: string; readonly port: number };
  /** Stops listening and closes every connection; resolves when all are gone. */
  close(): Promise<void>;
}

/** What a path answers. */
interface Page {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const jsonType = 'application/json; charset=utf-8';

/**
 * Starts the admin listener: `/metrics`, `/healthz`, `/readyz` and `/config`, for reading only, and `/cache/purge`.
 * @throws the error of `listen`, such as EADDRINUSE.
 */
export async function startAdmin(options: AdminOptions): Promise<AdminServer> {
  const gate = new AdminGate(options);
  const server = createServer(serverLimits, (request, response) => {
    serve(options, gate, request, response).catch((error: unknown) => {
      // Who has gone in the middle of a request needs no answer.
      if (request.destroyed && !request.complete) return;
      options.logger.error({ err: error, path: pathOf(request) }, 'the admin listener failed to answer');
      if (!response.headersSent) send(response, request, refusalPage(500, 'This could not be answered.'));
      else response.destroy();
    });
  });
  capConnections(server);
  server.maxRequestsPerSocket = 1000;
  // A client that reads nothing of its answer must not hold its connection for ever.
  server.setTimeout(30_000, (socket) => socket.destroy());
  server.listen({ host: options.host, port: options.port });
  await once(server, 'listening');
  server.on('error', (error) => {
    options.logger.error({ err: error }, 'the admin listener failed');
  });
  const { address, port } = server.address() as AddressInfo;
  return { address: { host: address, port }, close: () => closeServer(server) };
}

/** More connections than any number of scrapers and probes needs. */
const mostConnections = 64;

/**
 * Beyond the cap the oldest connection goes, not the newest: whoever holds connections open must not keep a probe out,
 * which takes a moment only.
 */
function capConnections(server: Server): void {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    if (open.size <= mostConnections) return;
    for (const oldest of open) {
      oldest.destroy();
      return;
    }
  });
}

/** Milliseconds and octets. Whoever asks here is a scraper or a probe: small requests, quickly sent. */
const serverLimits = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 8 * 1024,
  insecureHTTPParser: false,
  requireHostHeader: true,
};

async function serve(
  options: AdminOptions,
  gate: AdminGate,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const refusal = gate.refuse(request);
  if (refusal !== undefined) {
    refuse(response, request, refusal);
    return;
  }
  const path = pathOf(request);
  const page = pages(options, path);
  const isProbe = path === '/healthz' || path === '/readyz';
  const unauthorized = isProbe ? undefined : gate.refuseWithoutToken(request);
  if (unauthorized !== undefined) {
    refuse(response, request, unauthorized);
  } else if (path === '/cache/purge') {
    await servePurge(options, request, response);
  } else if (page === undefined) {
    const known = 'There are /metrics, /healthz, /readyz and /config to read, and /cache/purge to post to.';
    send(response, request, refusalPage(404, known));
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    send(response, request, refusalPage(405, 'This is for reading only.'), { allow: 'GET, HEAD' });
  } else {
    send(response, request, page());
  }
}

async function servePurge(
  options: AdminOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method === 'POST') send(response, request, json(...(await purgePage(request, options))));
  else send(response, request, refusalPage(405, 'This takes POST.'), { allow: 'POST' });
}

function pages(options: AdminOptions, path: string): (() => Page) | undefined {
  switch (path) {
    case '/metrics':
      return () => ({ status: 200, type: expositionType, body: options.metrics() });
    case '/healthz':
      return () => json(200, { alive: true });
    case '/readyz':
      return () => {
        const { ready, reason, workers } = options.ready();
        const found = ready ? { ready } : { ready, reason: reason ?? 'not ready' };
        return json(ready ? 200 : 503, { ...found, workers });
      };
    case '/config':
      return () => json(200, maskSecrets(options.config()));
    default:
      return undefined;
  }
}

/** What stands before the `?`. */
function pathOf(request: IncomingMessage): string {
  return request.url?.split('?', 1)[0] ?? '';
}

function refuse(response: ServerResponse, request: IncomingMessage, refusal: Refusal): void {
  send(response, request, refusalPage(refusal.status, refusal.reason), refusal.headers);
}

function refusalPage(status: number, reason: string): Page {
  return json(status, { status, error: reason });
}

function json(status: number, value: unknown): Page {
  return { status, type: jsonType, body: `${JSON.stringify(value, null, 2)}\n` };
}

function send(
  response: ServerResponse,
  request: IncomingMessage,
  page: Page,
  headers: Readonly<Record<string, string>> = {},
): void {
  const hasBody = request.headers['content-length'] !== undefined || 'transfer-encoding' in request.headers;
  response.writeHead(page.status, {
    'content-type': page.type,
    'content-length': Buffer.byteLength(page.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    // Nobody waits here for a body that is of no interest, nor keeps a connection that did something wrong.
    ...(hasBody || (page.status >= 400 && page.status !== 503) ? { connection: 'close' } : {}),
    ...headers,
  });
  response.end(page.body);
}

async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
