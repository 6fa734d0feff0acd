import assert from 'node:assert/strict';
import { createServer, get } from 'node:https';
import { once } from 'node:events';
import { test } from 'node:test';
import type { IncomingMessage } from 'node:http';
import { createMiddleware } from '../../src/mount/middleware.ts';
import { onFinish } from '../kit/finish.ts';
import { listen, stopListening } from '../kit/listen.ts';
import { mountOptions } from '../kit/mounted-apps.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { selfSigned } from '../kit/self-signed.ts';

test('services of an app that speaks TLS are told so', async (t) => {
  const target = await startRecordingTarget(t);
  const middleware = createMiddleware(mountOptions(target.url));
  const { key, cert } = selfSigned(['127.0.0.1']);
  const server = createServer({ key, cert }, middleware);
  const { port } = await listen(server);
  onFinish(t, 'gateways', async () => {
    await middleware.close();
    await stopListening(server);
  });
  const request = get({ port, host: '127.0.0.1', path: '/api', rejectUnauthorized: false, agent: false });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  response.resume();
  await once(response, 'end');
  assert.equal((await target.request(0)).header('x-forwarded-proto'), 'https');
});
