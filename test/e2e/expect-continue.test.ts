import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { definePolicy } from '../../src/core/policy.ts';
import { connectClient } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { finish, play, requestComplete, responseText, send } from '../kit/replies.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const framings = {
  'of known length': ['Content-Length: 5', 'hello'],
  'in chunks': ['Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'],
} as const;

function head(line: string): string {
  return `PUT /up HTTP/1.1\r\nHost: gw.test\r\nExpect: 100-continue\r\n${line}\r\n\r\n`;
}

for (const [what, [line, body]] of Object.entries(framings)) {
  test(`a client that waits with a body ${what} gets one 100, and its target hears nothing of it`, async (t) => {
    const target = await startRecordingTarget(t, {
      // A target that says 100 of its own accord.
      script: play(
        send('HTTP/1.1 100 Continue\r\n\r\n'),
        requestComplete,
        send(responseText({ body: 'OK' })),
      ),
    });
    const gateway = await startGateway(t, routeTo(target));
    const client = await connectClient(t, gateway.port);
    for (let round = 0; round < 3; round++) {
      const before = client.receivedLength;
      await client.send(head(line));
      await client.receivedAtLeast(before + 'HTTP/1.1 100 Continue\r\n\r\n'.length);
      await client.send(body);
      const response = await client.response();
      assert.equal(response.text, 'OK');
      assert.deepEqual(
        response.interim.map(({ status }) => status),
        [100],
      );
    }
    for (const request of target.requests) {
      assert.equal(request.header('expect'), undefined);
      assert.equal(request.body.toString(), 'hello');
    }
    assert.deepEqual(target.irregularities, []);
  });
}

test('a 100 waits for a policy that takes its time', async (t) => {
  const { promise: allowed, resolve: allow } = Promise.withResolvers<undefined>();
  const slow = definePolicy({
    name: 'slow',
    description: 'Waits for the test.',
    options: z.strictObject({}),
    create: () => ({ onRequest: () => allowed }),
  });
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(
    t,
    {
      upstreams: { service: target.url },
      routes: [
        { path: '/up', upstream: 'service', policies: [{ slow: {} }] },
        { path: '/', upstream: 'service' },
      ],
    },
    { policies: [slow] },
  );
  const client = await connectClient(t, gateway.port);
  await client.send(head('Content-Length: 5'));
  const other = await connectClient(t, gateway.port);
  await other.send('GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n');
  await other.response();
  assert.equal(client.receivedLength, 0);
  allow(undefined);
  await client.receivedAtLeast(1);
  await client.send('hello');
  assert.equal((await client.response()).text, 'OK');
});

test('a final answer of the target may come instead of the body, and ends the connection', async (t) => {
  const target = await startRecordingTarget(t, {
    script: play(send(responseText({ status: 413, body: 'no' }))),
  });
  const gateway = await startGateway(t, routeTo(target));
  const client = await connectClient(t, gateway.port);
  await client.send(head('Content-Length: 500000'));
  const response = await client.response();
  assert.deepEqual([response.status, response.text], [413, 'no']);
  client.destroy();
});

test('a body that was waited for is sent again to a fresh connection when its target closes', async (t) => {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(t, routeTo(target));
  target.next(play(requestComplete, finish));
  const client = await connectClient(t, gateway.port);
  await client.send(head('Content-Length: 5'));
  await client.receivedAtLeast(1);
  await client.send('hello');
  assert.equal((await client.response()).text, 'OK');
  assert.deepEqual(
    target.requests.map(({ body }) => body.toString()),
    ['hello', 'hello'],
  );
});
