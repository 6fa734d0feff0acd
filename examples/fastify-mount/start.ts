import { createServer } from 'node:http';
import { join } from 'node:path';
import Fastify from 'fastify';
// In a project of your own: from 'waygate/fastify'.
import { waygate } from '../../src/fastify.ts';

const port = (name: string, usual: number): number => Number(process.env[name] ?? usual);

// The two services, as they may run elsewhere.
for (const [name, number] of [
  ['users', port('USERS_PORT', 3001)],
  ['orders', port('ORDERS_PORT', 3002)],
] as const)
  createServer((request, response) => {
    response.end(`${name}: ${request.url ?? ''}\n`);
  }).listen(number, '127.0.0.1');

const app = Fastify();
app.addHook('onRequest', (_request, reply, done) => {
  reply.header('x-app', 'mine');
  done();
});
app.get('/', () => 'the app itself\n');
// A route of the app goes before the gateway's.
app.get('/api/version', () => '7\n');

app.register(waygate, {
  prefix: '/api',
  configFile: join(import.meta.dirname, 'waygate.yaml'),
  accessLog: false,
});

await app.listen({ port: port('PORT', 3000), host: '127.0.0.1' });
console.log(`the app listens on http://127.0.0.1:${port('PORT', 3000)}`);

process.once('SIGTERM', () => {
  void app.close().then(() => process.exit());
});
