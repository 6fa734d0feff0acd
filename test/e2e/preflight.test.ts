import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openClient } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { startGateway } from '../kit/start-gateway.ts';

const preflight = (path: string, method: string) =>
  `OPTIONS ${path} HTTP/1.1\r\nHost: gw.test\r\nOrigin: https://app.test\r\nAccess-Control-Request-Method: ${method}\r\n\r\n`;

test('a preflight is answered by the route of the request that it asks about', async (t) => {
  const target = await startRecordingTarget(t);
  const { port } = await startGateway(t, {
    upstreams: { service: target.url },
    routes: [
      {
        path: '/users',
        method: ['GET', 'POST'],
        upstream: 'service',
        policies: [{ cors: { origins: ['https://app.test'] } }],
      },
      { path: '/plain', method: 'GET', upstream: 'service' },
      { path: '/open', upstream: 'service' },
    ],
  });
  const client = await openClient(port);
  const ask = async (bytes: string) => {
    await client.send(bytes);
    return client.response({ to: 'OPTIONS' });
  };
  const answered = await ask(preflight('/users/1', 'POST'));
  assert.equal(answered.status, 204);
  assert.equal(answered.header('access-control-allow-origin'), 'https://app.test');
  assert.equal(target.requests.length, 0, 'the target is not asked');

  const other = await ask(preflight('/users/1', 'DELETE'));
  assert.equal(other.status, 405, 'no route takes the method that it asks about');
  assert.equal(other.header('allow'), 'GET, HEAD, POST');
  assert.equal(other.header('access-control-allow-origin'), undefined);

  const plain = await ask(preflight('/plain', 'GET'));
  assert.equal(plain.status, 405, 'a route without cors does not let OPTIONS through to its target');
  assert.equal(target.requests.length, 0);

  const open = await ask(preflight('/open', 'PUT'));
  assert.equal(open.status, 200, 'a route for every method passes it on, as before');
  const ordinary = await ask('OPTIONS /users/1 HTTP/1.1\r\nHost: gw.test\r\n\r\n');
  assert.equal(ordinary.status, 405, 'an OPTIONS that is no preflight is one');
  client.destroy();
});
