import assert from 'node:assert/strict';
import { test } from 'node:test';
import { onFinish } from '../../test/kit/finish.ts';
import { freePorts, startProgram } from '../../test/kit/running-program.ts';

test('events arrive one by one, and the service learns at once that the listener left', async (t) => {
  const ports = await freePorts('PORT', 'CLOCK_PORT');
  const service = startProgram(['examples/event-stream/server.ts'], { ...ports, INTERVAL: '20' });
  onFinish(t, 'targets', async () => void (await service.end('SIGKILL')));
  const gateway = startProgram(['src/cli/main.ts', 'start', 'examples/event-stream/waygate.yaml'], ports);
  onFinish(t, 'gateways', async () => void (await gateway.end('SIGKILL')));
  await service.printed('clock on http://');
  await gateway.printed(ports.PORT);

  const leave = new AbortController();
  const response = await fetch(`http://127.0.0.1:${ports.PORT}/time`, {
    headers: { 'last-event-id': '6' },
    signal: leave.signal,
  });
  assert.equal(response.headers.get('content-type'), 'text/event-stream');
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let received = '';
  // The answer never ends: whoever gathered it before sending it on would send nothing.
  while (!received.includes('id: 9\n')) received += (await reader?.read())?.value ?? assert.fail(received);
  assert.match(received, /^id: 7\ndata: .*Z\n\nid: 8\ndata: .*Z\n\nid: 9\n/);

  leave.abort();
  await service.printed(/a listener left after event \d+/);
});
