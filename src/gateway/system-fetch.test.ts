import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { listen } from '../../test/kit/listen.ts';
import { finish, play, raw, reset, send, silent } from '../../test/kit/replies.ts';
import { startRecordingTarget } from '../../test/kit/recording-target.ts';
import { systemFetch } from './system-fetch.ts';

const limits = { timeout: 5000, maxBytes: 1000 };

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  const { port } = await listen(server);
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${port}/keys`;
}

test('a document is fetched whole, with its status', async (t) => {
  const url = await serve(t, (_request, response) => void response.writeHead(404).end('{"a":1}'));
  const { status, body } = await systemFetch(url, limits);
  assert.equal(status, 404);
  assert.equal(Buffer.from(body).toString(), '{"a":1}');
});

test('a redirect is an answer, and is not followed', async (t) => {
  let requests = 0;
  const url = await serve(t, (_request, response) => {
    requests++;
    response.writeHead(302, { location: '/elsewhere' }).end();
  });
  assert.equal((await systemFetch(url, limits)).status, 302);
  assert.equal(requests, 1);
});

test('an answer that is too large is given up, however it is packed', async (t) => {
  const packed = gzipSync(Buffer.alloc(100_000));
  assert.ok(packed.length < limits.maxBytes);
  const url = await serve(t, (_request, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed);
  });
  await assert.rejects(systemFetch(url, limits), /larger than 1000 octets/);
  const endless = await serve(t, (_request, response) => {
    const pour = (): void => void response.write(Buffer.alloc(500), () => setImmediate(pour));
    pour();
  });
  await assert.rejects(systemFetch(endless, limits), /larger than 1000 octets/);
});

test('an answer that takes too long is given up, before its head and within its body', async (t) => {
  const mute = await serve(t, () => undefined);
  await assert.rejects(systemFetch(mute, { ...limits, timeout: 50 }), { name: 'TimeoutError' });
  const slow = await serve(t, (_request, response) => void response.write('{'));
  await assert.rejects(systemFetch(slow, { ...limits, timeout: 50 }), { name: 'TimeoutError' });
});

test('nothing is sent that was not asked for, and all of what was', async (t) => {
  const target = await startRecordingTarget(t);
  await systemFetch(target.url, limits);
  const names = (index: number) =>
    target.requests[index]?.headers.map(([name]) => name.toLowerCase()).toSorted();
  assert.deepEqual(names(0), ['accept', 'accept-encoding', 'connection', 'host']);
  const headers = [
    ['Cookie', 'a=1; b=2'],
    ['Authorization', 'Bearer x'],
    ['X-Name', 'caf\xe9'],
  ] as const;
  await systemFetch(`${target.url}/a/b?c=d`, { ...limits, method: 'POST', headers, body: 'token=x' });
  const { method, target: asked, headers: sent, body } = await target.request(1);
  assert.deepEqual([method, asked, body.toString()], ['POST', '/a/b?c=d', 'token=x']);
  for (const [name, value] of headers)
    assert.deepEqual(
      sent.filter(([each]) => each === name),
      [[name, value]],
    );
  await assert.rejects(systemFetch(target.url, { ...limits, headers: [['x-a', 'b\r\nx-c: d']] }), {
    code: 'ERR_INVALID_CHAR',
  });
});

test('header lines of an answer come back as they were, those of one name one by one', async (t) => {
  const target = await startRecordingTarget(t);
  target.script = raw(
    'HTTP/1.1 200 OK\r\nX-User: alice\r\nx-user: bob\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 0\r\n\r\n',
  );
  assert.deepEqual((await systemFetch(target.url, limits)).headers, [
    ['x-user', 'alice'],
    ['x-user', 'bob'],
    ['set-cookie', 'a=1'],
    ['set-cookie', 'b=2'],
    ['content-length', '0'],
  ]);
});

test('a connection is used again, and what was closed at that moment is asked once more', async (t) => {
  const target = await startRecordingTarget(t);
  await systemFetch(target.url, limits);
  await systemFetch(target.url, limits);
  assert.equal(target.connections.length, 1);
  target.next(reset);
  assert.equal((await systemFetch(target.url, limits)).status, 200);
  assert.deepEqual([target.connections.length, target.requests.length], [2, 4]);
  target.script = play(reset);
  await assert.rejects(systemFetch(target.url, limits), { code: 'ECONNRESET' });
  assert.equal(target.requests.length, 6, 'a fresh connection is not tried again');
});

const head = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n';
const nothing = [
  ['garbage', raw('\x16\x03\x01 garbage'), /Parse Error/],
  ['a header line ended by CR alone', raw('HTTP/1.1 200 OK\r\nX-User: a\rX-Admin: 1\r\n\r\n'), /Parse Error/],
  ['a header line ended by LF alone', raw('HTTP/1.1 200 OK\r\nX-User: a\nX-Admin: 1\r\n\r\n'), /Parse Error/],
  ['a control in a header', raw('HTTP/1.1 200 OK\r\nX-User: a\x01\r\n\r\n'), /Parse Error/],
  ['a folded header', raw('HTTP/1.1 200 OK\r\nX-User: a\r\n b\r\n\r\n'), /Parse Error/],
  ['two lengths', raw(`${head}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`), /Parse Error/],
  ['a head without end', raw(`HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(40_000)}`), /Header overflow/],
  ['a body that breaks off', play(send(`${head}\r\nabc`), finish), /aborted/],
  ['nothing but an end', play(finish), /hang up/],
  ['nothing but a reset', play(reset), /ECONNRESET/],
  ['interim answers for ever', raw('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(40)), /interim/],
  [
    'an upgrade',
    raw('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
    /upgrade/,
  ],
  ['a coding that nobody knows', raw(`${head}Content-Encoding: x-odd\r\n\r\n0123456789`), /coding "x-odd"/],
  ['broken gzip', raw(`${head}Content-Encoding: gzip\r\n\r\n0123456789`), /incorrect header check/],
  ['silence', silent, /within 200 ms/],
] as const;
for (const [what, script, error] of nothing) {
  test(`${what} is no answer`, async (t) => {
    const target = await startRecordingTarget(t);
    target.script = script;
    await assert.rejects(
      systemFetch(target.url, { timeout: what === 'silence' ? 200 : 5000, maxBytes: 1000 }),
      error,
    );
  });
}
