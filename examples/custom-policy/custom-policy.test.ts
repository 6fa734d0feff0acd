import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onFinish } from '../../test/kit/finish.ts';
import { freePorts, startProgram } from '../../test/kit/running-program.ts';

for (const workers of [1, 2])
  test(`a policy of one's own runs with workers: ${workers}`, async (t) => {
    const ports = await freePorts('PORT');
    const gateway = startProgram(['src/cli/main.ts', 'start', 'examples/custom-policy/waygate.yaml'], {
      ...ports,
      WORKERS: String(workers),
    });
    onFinish(t, 'gateways', async () => void (await gateway.end('SIGKILL')));
    await gateway.printed('"message":"started"');

    const response = await fetch(`http://127.0.0.1:${ports.PORT}/hello/Ada`, {
      headers: { connection: 'close' },
    });
    assert.equal(await response.text(), 'Hello, Ada!\n');
    assert.match(response.headers.get('server-timing') ?? '', /^hello;dur=\d+\.\d$/);
    assert.equal(await gateway.end(), 0, gateway.output());
  });
