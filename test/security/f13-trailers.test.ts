import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answer, raw } from '../kit/replies.ts';
import { startFramingScene } from './framing-scene.ts';

function withTrailers(trailers: string): string {
  return `POST / HTTP/1.1\r\nHost: gw.test\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n${trailers}\r\n`;
}

const forbidden = [
  ...[
    'Content-Length: 5',
    'Transfer-Encoding: chunked',
    'Host: evil.test',
    'Authorization: Bearer evil',
    'Cookie: a=b',
    'Content-Type: text/evil',
  ],
  ...[
    'X-Forwarded-For: 1.2.3.4',
    'Connection: close',
    'Trailer: x',
    'TE: trailers',
    'Upgrade: websocket',
    'Expect: 100-continue',
    'Via: 1.1 x',
  ],
  ...['host: evil.test', 'CONTENT-LENGTH: 5'],
];

test('F13: trailers that frame, route or authenticate never reach a target', async (t) => {
  const scene = await startFramingScene(t);
  for (const trailer of forbidden) {
    await t.test(trailer, async () => {
      const before = scene.target.requests.length;
      const client = await scene.connect();
      await client.send(withTrailers(`${trailer}\r\n`));
      const response = await client.response();
      client.destroy();
      assert.ok(response.status === 400 || response.status === 200, `status ${response.status}`);
      const arrived = scene.target.requests.slice(before);
      if (response.status === 400) assert.ok(response.saysClose);
      for (const request of arrived) {
        assert.deepEqual(request.trailers, []);
        assert.equal(request.complete, response.status === 200, 'whole if accepted, broken off if not');
      }
      await scene.assertNextClientServed();
    });
  }
});

test('F13: trailers that nobody allowed are dropped, those on the allow-list are relayed', async (t) => {
  const scene = await startFramingScene(t, {
    routes: [
      { path: '/allowed', upstream: 'service', trailers: ['x-sum', 'grpc-status'] },
      { path: '/', upstream: 'service' },
    ],
  });
  const text = withTrailers('X-Sum: 1\r\nX-Other: 2\r\ngrpc-status: 0\r\n');
  assert.deepEqual((await scene.assertForwarded(text)).trailers, []);
  const allowed = await scene.assertForwarded(text.replace('POST /', 'POST /allowed'));
  assert.deepEqual(allowed.trailers, [
    ['X-Sum', '1'],
    ['grpc-status', '0'],
  ]);
  assert.equal(allowed.body.toString(), 'hello');
});

test('F13: trailers of a target are treated the same', async (t) => {
  const scene = await startFramingScene(t, {
    routes: [{ path: '/', upstream: 'service', trailers: ['x-sum'] }],
  });
  scene.target.next(
    answer({
      chunks: ['hello'],
      trailers: [
        ['X-Sum', '1'],
        ['Set-Cookie', 'evil=1'],
      ],
    }),
  );
  const client = await scene.connect();
  await client.send('GET / HTTP/1.1\r\nHost: gw.test\r\nTE: trailers\r\n\r\n');
  const response = await client.response();
  client.destroy();
  assert.equal(response.text, 'hello');
  assert.deepEqual(response.trailers, [['X-Sum', '1']]);
});

test('F13: trailers without measure or form are 400, close, and no whole request reaches a target', async (t) => {
  const scene = await startFramingScene(t);
  const inputs: Readonly<Record<string, string>> = {
    'a thousand': 'X-T: 1\r\n'.repeat(1000),
    '64 KB in one': `X-T: ${'a'.repeat(65536)}\r\n`,
    'a name of 64 KB': `${'a'.repeat(65536)}: x\r\n`,
    'without a colon': 'X-T\r\n',
    'without a name': ': x\r\n',
    'with a space before the colon': 'X-T : x\r\n',
    'with a bare LF': 'X-T: x\nX-U: y\r\n',
    'with a bare CR': 'X-T: x\rX-U: y\r\n',
    'with a NUL': 'X-T: \0\r\n',
    folded: 'X-T: x\r\n y\r\n',
    'with a space first': ' X-T: x\r\n',
  };
  for (const [name, trailers] of Object.entries(inputs)) {
    await t.test(name, async () => {
      await scene.assertRefused(withTrailers(trailers), { status: [400, 413, 431], inBody: true });
    });
  }
});

test('F13: a target whose trailers are malformed gets its client a 502, or a connection that breaks off', async (t) => {
  const scene = await startFramingScene(t);
  for (const trailer of ['Content-Length: 9', 'X : y', 'X: \0', 'X: a\nY: b']) {
    await t.test(JSON.stringify(trailer), async () => {
      scene.target.next(
        raw(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n${trailer}\r\n\r\n`),
      );
      const client = await scene.connect();
      await client.send('GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n');
      const outcome = await client.outcome();
      client.destroy();
      if (outcome.kind === 'response' && outcome.response.status === 200)
        assert.deepEqual(outcome.response.trailers, []);
      else if (outcome.kind === 'response') assert.equal(outcome.response.status, 502);
      else assert.equal(outcome.kind, 'closed');
      await scene.assertNextClientServed();
    });
  }
});
