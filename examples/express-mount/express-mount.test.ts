import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { onFinish } from '../../test/kit/finish.ts';
import { freePorts, startProgram } from '../../test/kit/running-program.ts';

test('an Express app keeps its pages, and gives what the routes match to services', async (t) => {
  const ports = await freePorts('PORT', 'USERS_PORT', 'CHAT_PORT');
  const program = startProgram(['examples/express-mount/start.ts'], ports);
  onFinish(t, 'gateways', async () => void (await program.end('SIGKILL')));
  await program.printed('the app listens on');
  const base = `http://127.0.0.1:${ports.PORT}`;
  const headers = { connection: 'close' };
  assert.equal(await (await fetch(base, { headers })).text(), 'the app itself\n');
  assert.equal((await fetch(`${base}/nothing`, { headers })).status, 404);

  const body = '{"name":"Ada"}';
  const served = await fetch(`${base}/users/1`, {
    method: 'POST',
    body,
    headers: { ...headers, 'content-type': 'application/json', cookie: 'visit=6' },
  });
  assert.match(served.headers.get('set-cookie') ?? '', /^visit=7;/);
  assert.deepEqual(await served.json(), { path: '/1', visit: '7', got: body });
  const statuses: number[] = [];
  for (let i = 0; i < 5; i++) statuses.push((await fetch(`${base}/users`, { headers })).status);
  assert.deepEqual(statuses, [200, 200, 200, 200, 429]);

  const socket = new WebSocket(`ws://127.0.0.1:${ports.PORT}/chat`);
  onFinish(t, 'clients', () => {
    socket.terminate();
  });
  await once(socket, 'open');
  socket.send('hello');
  const [heard] = (await once(socket, 'message')) as [Buffer];
  assert.equal(heard.toString(), 'you said: hello');

  assert.equal(await program.end('SIGTERM'), 0, program.output());
});
