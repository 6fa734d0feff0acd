import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { test } from 'node:test';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer } from '../kit/replies.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const key = 'wg_a-key-of-this-test-alone';

test('any-of asks services in turn, and what nobody verified does not reach the target', async (t) => {
  const endpoint = await startRecordingTarget(t, {
    script: answer(({ body }) => ({
      body: JSON.stringify(
        body.toString().startsWith('token=good&') ? { active: true, sub: 'alice' } : { active: false },
      ),
    })),
  });
  const auth = await startRecordingTarget(t, {
    script: answer((request) =>
      request.all('cookie').includes('session=good')
        ? { headers: [['X-User', 'bob']] }
        : { status: 401, headers: [['WWW-Authenticate', 'Cookie realm="shop"']] },
    ),
  });
  const target = await startRecordingTarget(t);
  const policies = [
    {
      'any-of': {
        policies: [
          { 'api-key': { consumers: [{ name: 'carol', keys: [`sha256:${hash('sha256', key)}`] }] } },
          { introspection: { url: endpoint.url, clientId: 'gateway', clientSecret: 'not-a-real-one' } },
          {
            'forward-auth': {
              url: auth.url,
              requestHeaders: ['Cookie'],
              responseHeaders: ['X-User'],
              consumerHeader: 'X-User',
            },
          },
        ],
      },
    },
    { headers: { request: { set: { 'X-Who': '${consumer.id}' } } } },
  ];
  const gateway = await startGateway(t, routeTo(target, { policies }));
  const ask = async (lines: string) => {
    const bytes = `GET / HTTP/1.1\r\nHost: a\r\nX-User: admin\r\n${lines}\r\n`;
    const { status } = await exchangeOnce(t, gateway.port, bytes);
    if (status !== 200) return status;
    const request = await target.request(target.requests.length - 1);
    const names = ['x-who', 'x-user', 'authorization', 'cookie', 'x-api-key'];
    return names.flatMap((name) => request.all(name).map((value) => `${name}: ${value}`));
  };

  assert.deepEqual(await ask('Authorization: Bearer good\r\nCookie: session=forged\r\n'), [
    'x-who: alice',
    'authorization: Bearer good',
  ]);
  assert.deepEqual(await ask('Authorization: Bearer bad\r\nCookie: session=good\r\n'), [
    'x-who: bob',
    'x-user: bob',
    'cookie: session=good',
  ]);
  assert.deepEqual(
    await ask(`X-API-Key: ${key}\r\nAuthorization: Bearer bad\r\nCookie: session=forged\r\n`),
    ['x-who: carol'],
  );
  assert.equal(await ask('Cookie: session=forged\r\n'), 401);
  assert.equal(await ask(''), 401);
  await endpoint.close();
  assert.equal(await ask('Authorization: Bearer unknown\r\n'), 503, 'who cannot decide has not refused');
});
