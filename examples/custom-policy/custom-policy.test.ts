import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onFinish } from '../../test/kit/finish.ts';
import { freePorts, startProgram } from '../../test/kit/running-program.ts';

test('a gateway in a program runs a policy of its own beside the built-in ones', async (t) => {
  const ports = await freePorts('PORT');
  const gateway = startProgram(['examples/custom-policy/start.ts'], ports);
  onFinish(t, 'gateways', async () => void (await gateway.end('SIGKILL')));
  await gateway.printed('try: curl');

  const response = await fetch(`http://127.0.0.1:${ports.PORT}/hello/Ada`, {
    headers: { connection: 'close' },
  });
  assert.equal(await response.text(), 'Hello, Ada!\n');
  assert.match(response.headers.get('server-timing') ?? '', /^hello;dur=\d+\.\d$/);
  assert.equal(await gateway.end(), 0, gateway.output());
});
