import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFramingScene } from './framing-scene.ts';

const host = 'Host: gw.test\r\n';

test('F17: CONNECT is never a tunnel', async (t) => {
  const scene = await startFramingScene(t);
  for (const target of ['gw.test:443', '127.0.0.1:22', '/', 'http://gw.test/', '*']) {
    await t.test(target, async () => {
      const bytes = `CONNECT ${target} HTTP/1.1\r\n${host}\r\nSSH-2.0-x\r\n`;
      await scene.assertRefused(bytes, { status: [400, 405, 501] });
    });
  }
});

test('F17: TRACE and TRACK are answered by the gateway, with 405 or 501, and show nothing of the request', async (t) => {
  const scene = await startFramingScene(t);
  for (const method of ['TRACE', 'TRACK']) {
    const client = await scene.connect();
    await client.send(`${method} / HTTP/1.1\r\n${host}Cookie: secret=1\r\nMax-Forwards: 0\r\n\r\n`);
    const response = await client.response();
    client.destroy();
    assert.ok(response.status === 405 || response.status === 501);
    if (response.status === 405) assert.ok(response.header('allow') !== undefined, 'RFC 9110 §15.5.6');
    assert.ok(!client.received.includes('secret'));
  }
  assert.equal(scene.target.receivedLength, 0);
  await scene.assertNextClientServed();
});

test('F17: a method that is not known is 501, one that is none 400, and both close', async (t) => {
  const scene = await startFramingScene(t);
  const methods: Readonly<Record<string, readonly number[]>> = {
    FOOBAR: [405, 501],
    GETS: [405, 501],
    GE: [400, 405, 501],
    'VERSION-CONTROL-2': [400, 405, 501],
    ['A'.repeat(1024)]: [400, 405, 501],
    'G\0T': [400],
    'GE{T': [400],
    'GET:': [400],
    '"GET"': [400],
    'G\xc9T': [400],
  };
  for (const [method, status] of Object.entries(methods)) {
    await t.test(JSON.stringify(method.slice(0, 30)), async () => {
      await scene.assertRefused(Buffer.from(`${method} / HTTP/1.1\r\n${host}\r\n`, 'latin1'), { status });
    });
  }
});

test('F17: the ordinary methods arrive as they are', async (t) => {
  const scene = await startFramingScene(t);
  for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const request = await scene.assertForwarded(`${method} /x HTTP/1.1\r\n${host}\r\n`, method);
    assert.deepEqual([request.method, request.target], [method, '/x']);
  }
});

test('F17: a method in a header overrides nothing', async (t) => {
  const scene = await startFramingScene(t);
  const lines = 'X-HTTP-Method-Override: DELETE\r\nX-HTTP-Method: DELETE\r\nX-Method-Override: DELETE\r\n';
  const request = await scene.assertForwarded(`POST /x HTTP/1.1\r\n${host}${lines}Content-Length: 0\r\n\r\n`);
  assert.equal(request.method, 'POST');
});
