import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCacheScene } from '../security/cache-scene.ts';

test('what changes a resource drops what is kept of it, and of what Location and Content-Location name', async (t) => {
  const { ask, target } = await startCacheScene(t, (request) => ({
    status: request.method === 'POST' ? 201 : 200,
    headers: [
      ['Cache-Control', 'max-age=60'],
      ['Location', '/b?x=1'],
      ['Content-Location', 'http://gw.test/c'],
    ],
    body: request.method,
  }));
  const paths = ['/a', '/b?x=1', '/c', '/b', '/d'];
  for (const path of paths) await ask('', { path });
  await ask('Content-Length: 0\r\n', { method: 'POST', path: '/a' });
  const before = target.requests.length;
  for (const path of paths) await ask('', { path });
  assert.deepEqual(
    target.requests.slice(before).map((request) => request.target),
    ['/a', '/b?x=1', '/c'],
  );
});

test('what fails to change a resource drops nothing', async (t) => {
  const { ask, target } = await startCacheScene(t, (request) => ({
    status: request.method === 'POST' ? 403 : 200,
    headers: [['Cache-Control', 'max-age=60']],
    body: 'OK',
  }));
  await ask();
  await ask('Content-Length: 0\r\n', { method: 'POST' });
  await ask();
  assert.equal(target.requests.length, 2);
});

test('the answer to a POST that says it is the resource, and for how long, answers GET (RFC 9110 §9.3.3)', async (t) => {
  const { ask, target } = await startCacheScene(t, (request) => ({
    headers: [
      ['Cache-Control', 'max-age=60'],
      ['Content-Location', '/a'],
    ],
    body: request.method,
  }));
  assert.equal((await ask()).text, 'GET');
  assert.equal((await ask('Content-Length: 0\r\n', { method: 'POST' })).text, 'POST');
  assert.equal((await ask()).text, 'POST');
  assert.equal(target.requests.length, 2);
});
