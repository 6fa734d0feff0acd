import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFramingScene } from './framing-scene.ts';

const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: gw.test\r\n\r\n';

const framings: Readonly<Record<string, string>> = {
  length: `Content-Length: ${smuggled.length}\r\n\r\n${smuggled}`,
  chunked: `Transfer-Encoding: chunked\r\n\r\n${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`,
};

test('F18: a body on GET, HEAD, DELETE or OPTIONS goes on with its framing, or is refused; it is never the next request', async (t) => {
  const scene = await startFramingScene(t);
  for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS']) {
    for (const [framing, rest] of Object.entries(framings)) {
      await t.test(`${method}, ${framing}`, async () => {
        const before = scene.target.requests.length;
        const client = await scene.connect();
        await client.send(
          `${method} /one HTTP/1.1\r\nHost: gw.test\r\n${rest}GET /two HTTP/1.1\r\nHost: gw.test\r\n\r\n`,
        );
        const first = await client.response({ to: method });
        if (first.status === 400) assert.ok(first.saysClose);
        else {
          assert.equal((await client.response()).status, 200);
          const seen = scene.target.requests
            .slice(before)
            .map((r) => [r.method, r.target, r.body.toString()]);
          assert.deepEqual(seen, [
            [method, '/one', smuggled],
            ['GET', '/two', ''],
          ]);
        }
        client.destroy();
        assert.deepEqual(scene.target.irregularities, []);
        await scene.assertNextClientServed();
      });
    }
  }
});

test('F18: a request without framing headers has no body, whatever its method', async (t) => {
  const scene = await startFramingScene(t);
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    const client = await scene.connect();
    const before = scene.target.requests.length;
    await client.send(
      `${method} /one HTTP/1.1\r\nHost: gw.test\r\n\r\nGET /two HTTP/1.1\r\nHost: gw.test\r\n\r\n`,
    );
    await client.response();
    await client.response();
    client.destroy();
    assert.deepEqual(
      scene.target.requests.slice(before).map((r) => [r.target, r.bodyLength]),
      [
        ['/one', 0],
        ['/two', 0],
      ],
    );
  }
});
