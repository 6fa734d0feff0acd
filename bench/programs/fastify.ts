import httpProxy from '@fastify/http-proxy';
import Fastify from 'fastify';
import { environment } from './environment.ts';

const { port, targetPort, routes, observed } = environment;
const app = Fastify({ logger: observed, keepAliveTimeout: 75_000 });

const replyOptions = { rewriteHeaders: withoutConnection };

for (const prefix of routes) {
  await app.register(httpProxy, { upstream: `http://127.0.0.1:${targetPort}`, prefix, replyOptions });
}

await app.listen({ port, host: '127.0.0.1' });

/**
 * Left to itself it passes the target's `Connection: keep-alive` on (against RFC 9110 §7.6.1), also to clients that asked it to
 * close, and then closes: a client that believes the header has a failed request.
 */
function withoutConnection(headers: Readonly<Record<string, string | string[] | undefined>>) {
  const others = { ...headers };
  delete others['connection'];
  return others;
}
