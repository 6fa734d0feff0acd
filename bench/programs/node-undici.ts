import { createServer } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { Pool } from 'undici';
import { environment } from './environment.ts';

const { port, targetPort, routes } = environment;
const pool = new Pool(`http://127.0.0.1:${targetPort}`);
const hopByHop = new Set([
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'proxy-connection',
  'te',
  'trailer',
]);

const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
  const { url = '/' } = request;
  if (!routes.some((route) => url.startsWith(`${route}/`))) {
    response.writeHead(404).end();
    return;
  }
  forward(request, response).catch(() => {
    if (response.headersSent) response.destroy();
    else response.writeHead(502).end();
  });
});

server.listen(port, '127.0.0.1');

async function forward(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method = 'GET', url = '/' } = request;
  const headers = { ...withoutHops(request.headers), 'x-forwarded-for': request.socket.remoteAddress };
  const body = method === 'GET' || method === 'HEAD' ? null : request;
  await pool.stream({ method, path: url, headers, body }, (answer) =>
    response.writeHead(answer.statusCode, withoutHops(answer.headers)),
  );
}

function withoutHops(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopByHop.has(name)));
}
