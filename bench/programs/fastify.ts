import httpProxy from '@fastify/http-proxy';
import Fastify from 'fastify';
import { environment } from './environment.ts';

const { port, targetPort, routes, observed } = environment;
const app = Fastify({ logger: observed, keepAliveTimeout: 75_000 });

for (const prefix of routes) {
  await app.register(httpProxy, { upstream: `http://127.0.0.1:${targetPort}`, prefix });
}

await app.listen({ port, host: '127.0.0.1' });
