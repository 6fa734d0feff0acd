import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onFinish } from '../../test/kit/finish.ts';
import { freePorts, startProgram } from '../../test/kit/running-program.ts';

test("the tutorials' program runs with the import changed and nothing else", async (t) => {
  const ports = await freePorts('PORT', 'USERS_PORT', 'ORDERS_PORT');
  const program = startProgram(['examples/tutorial-express/start.ts'], ports);
  onFinish(t, 'gateways', async () => void (await program.end('SIGKILL')));
  await program.printed('The gateway listens.');
  for (const [path, expected] of [
    ['/users/1?full=1', 'users: /1?full=1\n'],
    ['/orders', 'orders: /\n'],
  ] as const) {
    const response = await fetch(`http://127.0.0.1:${ports.PORT}${path}`, {
      headers: { connection: 'close' },
    });
    assert.equal(await response.text(), expected);
  }
});
