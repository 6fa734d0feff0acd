import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { listen } from '../../test/kit/listen.ts';
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
  const silent = await serve(t, () => undefined);
  await assert.rejects(systemFetch(silent, { ...limits, timeout: 50 }), { name: 'TimeoutError' });
  const slow = await serve(t, (_request, response) => void response.write('{'));
  await assert.rejects(systemFetch(slow, { ...limits, timeout: 50 }), { name: 'TimeoutError' });
});

test('nothing is sent that was not asked for', async (t) => {
  let names: string[] = [];
  const url = await serve(t, ({ headers }, response) => {
    names = Object.keys(headers);
    response.end();
  });
  await systemFetch(url, limits);
  for (const name of ['cookie', 'authorization', 'referer', 'origin']) assert.ok(!names.includes(name), name);
});
