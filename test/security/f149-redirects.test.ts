import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { raw } from '../kit/replies.ts';
import { get, post, startUpstreamScene } from './upstream-scene.ts';

for (const status of [301, 302, 303, 307, 308]) {
  test(`F149: a ${status} to an internal host is passed to the client, and not followed`, async (t) => {
    const internal = await startRecordingTarget(t);
    const scene = await startUpstreamScene(t);
    for (const location of [
      `${internal.url}/secret`,
      'http://169.254.169.254/latest/meta-data/',
      'file:///etc/passwd',
      '//internal.test/x',
      '/relative?x=1#y',
    ]) {
      for (const bytes of [get, post]) {
        const text = `HTTP/1.1 ${status} Moved\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`;
        const response = await scene.assertServed(bytes, raw(text));
        assert.equal(response.status, status);
        assert.deepEqual(response.all('location'), [location]);
      }
    }
    assert.equal(internal.connections.length, 0);
    assert.equal(scene.target.requests.length, 10, 'each request was asked once');
    await scene.assertNextServed();
  });
}
