import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import { connectClient } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer, play, requestComplete, responseText, send } from '../kit/replies.ts';
import type { Script } from '../kit/replies.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';
import { calm, get, post, startUpstreamScene } from './upstream-scene.ts';

const smuggled = responseText({ body: 'smuggled' });
const own = responseText({ body: 'its own' });

for (const [what, extra] of [
  ['a second answer', smuggled],
  ['an octet', 'x'],
  ['a line break', '\r\n'],
  ['an interim answer', 'HTTP/1.1 100 Continue\r\n\r\n'],
  ['garbage', '\0\0\0\0'],
  ['a hundred answers', smuggled.repeat(100)],
] as const) {
  for (const [how, script] of [
    ['in the same segment', play(requestComplete, send(own + extra))],
    ['in a segment of its own', play(requestComplete, send(own), send(extra))],
  ] as const satisfies [string, Script][]) {
    test(`F137: ${what} behind an answer, ${how}, reaches nobody`, async (t) => {
      const scene = await startUpstreamScene(t);
      for (const bytes of [get, post]) {
        assert.equal((await scene.assertServed(bytes, script)).text, 'its own');
        await scene.assertNextServed();
      }
      const faulty = scene.target.connections.filter(({ requests }) => requests.some(isAsked));
      assert.equal(faulty.length, 2);
      for (const { closed, requests } of faulty) {
        assert.equal(requests.findIndex(isAsked), requests.length - 1, 'the connection is not used again');
        assert.equal(closed, true);
      }
    });
  }
}

for (const [what, first, to] of [
  ['a HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nsmuggled', 'HEAD'],
  ['a GET with 204', `HTTP/1.1 204 No Content\r\n\r\n${smuggled}`, 'GET'],
  ['a GET with 304', `HTTP/1.1 304 Not Modified\r\nContent-Length: 8\r\n\r\nsmuggled`, 'GET'],
  ['a GET with a length too small', `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOKsmuggled`, 'GET'],
  ['a GET behind the last chunk', `${responseText({ chunks: ['OK'] })}smuggled`, 'GET'],
] as const) {
  test(`F137: a body that must not be there, in the answer to ${what}, is not taken for an answer`, async (t) => {
    const scene = await startUpstreamScene(t);
    const bytes = `${to} /asked HTTP/1.1\r\nHost: gw.test\r\n\r\n`;
    const response = await scene.assertServed(bytes, play(requestComplete, send(first)));
    assert.doesNotMatch(response.text, /smuggled/);
    await scene.assertNextServed();
  });
}

test('F137: an answer on a connection at rest reaches nobody, and the connection is given up', async (t) => {
  const scene = await startUpstreamScene(t);
  await scene.assertServed(get, answer({ body: 'first' }));
  const [connection] = scene.target.connections;
  connection?.socket.write(smuggled);
  await eventually(() => connection?.closed === true, 'the connection is given up');
  await scene.assertNextServed();
  assert.equal(scene.target.connections.length, 2);
});

for (const method of ['GET', 'POST'] as const) {
  test(`F137: an answer sent to a connection at rest in the very moment of a ${method} reaches nobody`, async (t) => {
    const target = await startRecordingTarget(t, { script: answer(({ target: path }) => ({ body: path })) });
    const gateway = await startGateway(t, routeTo(target, calm));
    const client = await connectClient(t, gateway.port);
    await client.send(get);
    assert.equal((await client.response()).text, '/asked');
    for (let round = 0; round < 100; round++) {
      const path = `/${round}`;
      const resting = target.openConnections.at(-1)?.socket;
      // Both are with the system before the gateway reads either of them, the request first.
      client.socket.write(`${method} ${path} HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 0\r\n\r\n`);
      resting?.write(smuggled);
      const response = await client.response();
      const times = target.requests.filter(({ target: asked }) => asked === path).length;
      if (method === 'GET') {
        assert.equal(response.text, path);
      } else {
        // The target may have read it on the old connection: it must not get it twice.
        assert.ok(response.status === 502 || response.text === path, response.text);
        assert.ok(times <= 1, `${times} times`);
        await client.send(get);
        assert.equal((await client.response()).text, '/asked');
      }
    }
  });
}

test('F137: what a target says before it is asked anything is never the answer to a second request', async (t) => {
  const target = await startRecordingTarget(t, {
    greeting: responseText({ body: 'greeting' }),
    script: answer(({ target: path }) => ({ body: path })),
  });
  const gateway = await startGateway(t, routeTo(target, calm));
  for (let round = 0; round < 50; round++) {
    const client = await connectClient(t, gateway.port);
    await client.send(`GET /${round} HTTP/1.1\r\nHost: gw.test\r\n\r\n`);
    // On a connection of its own, the greeting cannot be told from an answer; nobody else gets it or what follows it.
    const first = await client.response();
    assert.ok(first.text === 'greeting' || first.text === `/${round}`, first.text);
    client.destroy();
  }
  for (const { requests } of target.connections)
    assert.ok(requests.length <= 1, 'no connection is used twice');
});

function isAsked({ target }: { readonly target: string }): boolean {
  return target === '/asked';
}
