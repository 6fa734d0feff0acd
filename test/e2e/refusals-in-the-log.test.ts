import assert from 'node:assert/strict';
import { it } from 'node:test';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { startGateway } from '../kit/start-gateway.ts';

it('the access log says which policy refused a request, and how', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, {
    upstreams: { service: target.url },
    routes: [
      {
        path: '/keys',
        upstream: 'service',
        policies: [{ 'api-key': { consumers: [{ name: 'a', keys: [`sha256:${'0'.repeat(64)}`] }] } }],
      },
      { path: '/fixed', policies: [{ respond: { status: 404 } }] },
      { path: '/', upstream: 'service' },
    ],
  });
  for (const path of ['/keys', '/fixed', '/open']) {
    await exchangeOnce(t, gateway.port, `GET ${path} HTTP/1.1\r\nHost: gw.test\r\n\r\n`);
  }
  const seen = await Promise.all([0, 1, 2].map((index) => gateway.record(index)));
  assert.deepEqual(
    seen.map(({ status, error, policy }) => [status, error, policy]),
    [
      [401, 'api_key_refused', 'api-key'],
      [404, undefined, undefined],
      [200, undefined, undefined],
    ],
  );
});
