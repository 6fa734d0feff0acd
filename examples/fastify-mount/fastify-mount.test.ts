import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onFinish } from '../../test/kit/finish.ts';
import { freePorts, startProgram } from '../../test/kit/running-program.ts';

test('a Fastify app keeps its routes and hooks, and gives the rest below a prefix to services', async (t) => {
  const ports = await freePorts('PORT', 'USERS_PORT', 'ORDERS_PORT');
  const program = startProgram(['examples/fastify-mount/start.ts'], ports);
  onFinish(t, 'gateways', async () => void (await program.end('SIGKILL')));
  await program.printed('the app listens on');
  const ask = async (path: string): Promise<readonly [number, string, string | null]> => {
    const response = await fetch(`http://127.0.0.1:${ports.PORT}${path}`, {
      headers: { connection: 'close' },
    });
    return [response.status, await response.text(), response.headers.get('x-app')];
  };
  assert.deepEqual(await ask('/'), [200, 'the app itself\n', 'mine']);
  assert.deepEqual(await ask('/api/version'), [200, '7\n', 'mine']);
  assert.deepEqual(await ask('/api/users/1?full=1'), [200, 'users: /1?full=1\n', 'mine']);
  assert.deepEqual(await ask('/users/1').then(([status]) => status), 404);
  for (let i = 0; i < 5; i++) assert.deepEqual(await ask('/api/orders/7'), [200, 'orders: /7\n', 'mine']);
  assert.equal((await ask('/api/orders/7'))[0], 429);
  assert.equal(await program.end('SIGTERM'), 0, program.output());
});
