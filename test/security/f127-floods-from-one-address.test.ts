import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer } from '../kit/replies.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

test('F127: who floods is limited, and nobody else is', async (t) => {
  const target = await startRecordingTarget(t, { script: answer() });
  const gateway = await startGateway(
    t,
    routeTo(target, {
      trustedProxies: ['127.0.0.1'],
      policies: [{ 'rate-limit': { limit: 20, window: '31d' } }],
    }),
  );
  const request = (from: string): string =>
    `GET / HTTP/1.1\r\nHost: gw.test\r\nX-Forwarded-For: ${from}\r\n\r\n`;
  const flood = Array.from({ length: 4 }, async () => {
    const client = await connectClient(t, gateway.port);
    for (let i = 0; i < 50; i++) {
      await client.send(request('203.0.113.66'));
      await client.response();
    }
  });
  const others = Array.from(
    { length: 40 },
    async (_, i) => (await exchangeOnce(t, gateway.port, request(`198.51.100.${i % 10}`))).status,
  );
  assert.deepEqual(new Set(await Promise.all(others)), new Set([200]));
  await Promise.all(flood);
  assert.equal(target.requests.length, 20 + 40);
});

test('F127: who makes up new keys all the time takes nobody the memory of their own', async (t) => {
  const target = await startRecordingTarget(t, { script: answer() });
  const gateway = await startGateway(
    t,
    routeTo(target, {
      rateLimits: { memory: '64kb' },
      trustedProxies: ['127.0.0.1'],
      policies: [{ 'rate-limit': { limit: 2, window: '31d' } }],
    }),
  );
  const client = await connectClient(t, gateway.port);
  const ask = async (from: string): Promise<number> => {
    await client.send(`GET / HTTP/1.1\r\nHost: gw.test\r\nX-Forwarded-For: ${from}\r\n\r\n`);
    return (await client.response()).status;
  };
  assert.deepEqual([await ask('192.0.2.1'), await ask('192.0.2.1'), await ask('192.0.2.1')], [200, 200, 429]);
  // Room for 2016 keys: those that are seen stay, however many others come.
  for (let i = 0; i < 900; i++) {
    await ask(`2001:db8:${i.toString(16)}::1`);
    if (i % 50 === 0) assert.equal(await ask('192.0.2.1'), 429);
  }
  assert.equal(await ask('192.0.2.1'), 429);
});
