import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFramingScene } from './framing-scene.ts';

test('F9: header names with an underscore are dropped, counted, and change nothing about the framing', async (t) => {
  const scene = await startFramingScene(t);
  const lines =
    'Content_Length: 99\r\nTransfer_Encoding: chunked\r\nX_Forwarded_For: 1.2.3.4\r\nX_User: admin\r\n_: x\r\nHost_: y\r\n';
  for (const [framing, body] of [
    ['Content-Length: 5\r\n', 'hello'],
    ['Transfer-Encoding: chunked\r\n', '5\r\nhello\r\n0\r\n\r\n'],
    ['', ''],
  ]) {
    const before = scene.gateway.metric('waygate_headers_dropped_total');
    const request = await scene.assertForwarded(
      `POST / HTTP/1.1\r\nHost: gw.test\r\n${lines}${framing}\r\n${body}`,
    );
    assert.equal(request.body.toString(), framing === '' ? '' : 'hello');
    assert.deepEqual(
      request.headers.filter(([name]) => name.includes('_')),
      [],
    );
    assert.equal(scene.gateway.metric('waygate_headers_dropped_total'), before + 6);
  }
});

test('F9: what follows on the connection is the next request', async (t) => {
  const scene = await startFramingScene(t);
  const client = await scene.connect();
  await client.send(
    'POST /1 HTTP/1.1\r\nHost: gw.test\r\nContent_Length: 40\r\n\r\nGET /2 HTTP/1.1\r\nHost: gw.test\r\n\r\n',
  );
  assert.equal((await client.response()).status, 200);
  assert.equal((await client.response()).status, 200);
  client.destroy();
  assert.deepEqual(
    scene.target.requests.map(({ target, bodyLength }) => [target, bodyLength]),
    [
      ['/1', 0],
      ['/2', 0],
    ],
  );
});
