import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import type { RecordingTarget } from '../kit/recording-target.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { play, raw, requestComplete, responseText, send } from '../kit/replies.ts';
import type { Script } from '../kit/replies.ts';
import type { TestGateway } from '../kit/start-gateway.ts';
import { startGateway } from '../kit/start-gateway.ts';

const sum: readonly [string, string] = ['X-Sum', '42'];
const other: readonly [string, string] = ['X-Other', 'secret'];

async function start(
  t: TestContext,
  trailers: readonly string[],
  script?: Script,
): Promise<{ target: RecordingTarget; gateway: TestGateway }> {
  const target = await startRecordingTarget(t, script === undefined ? {} : { script });
  const gateway = await startGateway(t, {
    upstreams: { service: target.url },
    routes: [{ path: '/', upstream: 'service', trailers: [...trailers] }],
  });
  return { target, gateway };
}

const answered = responseText({ chunks: ['hello'], trailers: [sum, other, ['x-sum', '43']] });
const get = 'GET / HTTP/1.1\r\nHost: gw.test\r\nConnection: TE\r\nTE: trailers\r\n\r\n';
const upload =
  'POST / HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n' +
  '5\r\nhello\r\n0\r\nX-Sum: 42\r\nX-Other: secret\r\n\r\n';

test('trailers of an answer reach the client when the route allows them, and no others', async (t) => {
  const { gateway } = await start(t, ['x-sum'], raw(answered));
  const response = await exchangeOnce(t, gateway.port, get);
  assert.equal(response.text, 'hello');
  assert.deepEqual(response.trailers, [
    ['X-Sum', '42'],
    ['x-sum', '43'],
  ]);
});

test('trailers of a request reach the target when the route allows them, and no others', async (t) => {
  const { gateway, target } = await start(t, ['x-sum']);
  assert.equal((await exchangeOnce(t, gateway.port, upload)).status, 200);
  const request = await target.request(0);
  assert.equal(request.body.toString(), 'hello');
  assert.deepEqual(request.trailers, [sum]);
  assert.deepEqual(request.irregularities, []);
});

test('without a list no trailer passes, either way', async (t) => {
  const { gateway, target } = await start(t, [], raw(answered));
  assert.deepEqual((await exchangeOnce(t, gateway.port, get)).trailers, []);
  assert.equal((await exchangeOnce(t, gateway.port, upload)).status, 200);
  assert.deepEqual((await target.request(1)).trailers, []);
});

test('a target is told that trailers are welcome only if both the client and the route say so', async (t) => {
  const { gateway, target } = await start(t, ['x-sum']);
  await exchangeOnce(t, gateway.port, get);
  await exchangeOnce(t, gateway.port, 'GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n');
  await exchangeOnce(t, gateway.port, get.replace('TE: trailers', 'TE: gzip'));
  assert.deepEqual(
    target.requests.map((request) => [request.header('te'), request.header('connection')]),
    [
      ['trailers', 'TE'],
      [undefined, undefined],
      [undefined, undefined],
    ],
  );
  const closed = await start(t, []);
  await exchangeOnce(t, closed.gateway.port, get);
  assert.equal(closed.target.requests[0]?.header('te'), undefined);
});

test('a body that is not chunked for the client has no trailers', async (t) => {
  const { gateway } = await start(t, ['x-sum'], raw(answered));
  const client = await connectClient(t, gateway.port);
  await client.send(get.replace('HTTP/1.1', 'HTTP/1.0'));
  const response = await client.response();
  assert.equal(response.text, 'hello');
  assert.doesNotMatch(client.received.toString(), /42/);
});

test('trailers pass when the body comes octet by octet', async (t) => {
  const { gateway } = await start(
    t,
    ['x-sum'],
    play(requestComplete, async (turn) => {
      for (const octet of answered) await send(octet)(turn);
    }),
  );
  const response = await exchangeOnce(t, gateway.port, get);
  assert.deepEqual([response.text, response.trailers.length], ['hello', 2]);
});
