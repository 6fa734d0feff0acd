import assert from 'node:assert/strict';
import { test } from 'node:test';
import { raw } from '../kit/replies.ts';
import { get, startUpstreamScene } from './upstream-scene.ts';

const leaky = [
  'Server: acme/1.2.3 (internal-17)',
  'X-Powered-By: Express',
  'X-Accel-Redirect: /internal/file',
  'X-Accel-Buffering: no',
  'X-Internal-Trace: a',
  'X-Internal-Trace: b',
];
const text = `HTTP/1.1 200 OK\r\n${leaky.join('\r\n')}\r\nContent-Length: 2\r\nX-Public: yes\r\n\r\nOK`;

test('F150: what a target says of itself is taken out by a headers policy, every line of it', async (t) => {
  const removed = ['server', 'X-Powered-By', 'x-accel-redirect', 'x-accel-buffering', 'x-internal-trace'];
  const scene = await startUpstreamScene(t, {
    policies: [{ headers: { response: { remove: removed } } }],
  });
  const response = await scene.assertServed(get, raw(text));
  for (const name of removed) assert.deepEqual(response.all(name), [], name);
  assert.equal(response.header('x-public'), 'yes');
  assert.equal(response.text, 'OK');
  await scene.assertNextServed();
});

test('F150: nothing that a target says of its connections is passed on', async (t) => {
  const scene = await startUpstreamScene(t);
  const hop = [
    'Connection: keep-alive, x-hop',
    'Keep-Alive: timeout=5, max=7',
    'X-Hop: 1',
    'Proxy-Connection: x',
  ];
  const response = await scene.assertServed(
    get,
    raw(`HTTP/1.1 200 OK\r\n${hop.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`),
  );
  for (const name of ['connection', 'keep-alive', 'x-hop', 'proxy-connection']) {
    assert.deepEqual(response.all(name), [], name);
  }
});

test('F150: an X-Accel-Redirect is a line like any other: the gateway does not act on it', async (t) => {
  const scene = await startUpstreamScene(t);
  const response = await scene.assertServed(get, raw(text));
  assert.equal(response.header('x-accel-redirect'), '/internal/file');
  assert.equal(response.text, 'OK');
  assert.equal(scene.target.requests.length, 1);
});
