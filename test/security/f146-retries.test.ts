import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import { connectClient } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer, finish, play, requestComplete, reset, send } from '../kit/replies.ts';
import type { Script, Step } from '../kit/replies.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';
import { calm, get, startUpstreamScene, UpstreamScene } from './upstream-scene.ts';

/** A request of that method with a body of so many octets. */
function withBody(method: string, size: number, chunked = false): string {
  const head = `${method} /asked HTTP/1.1\r\nHost: gw.test\r\n`;
  const body = 'x'.repeat(size);
  if (!chunked) return `${head}Content-Length: ${size}\r\n\r\n${body}`;
  return `${head}Transfer-Encoding: chunked\r\n\r\n${size.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
}

const closing = (end: Step): Script => play(requestComplete, end);

for (const [how, end] of [
  ['closes', finish],
  ['resets', reset],
] as const) {
  for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']) {
    test(`F146: a ${method} is sent again when its target ${how} before it answers`, async (t) => {
      const scene = await startUpstreamScene(t);
      const bytes = get.replace('GET', method);
      const { outcome, record } = await scene.ask(bytes, closing(end), answer({ body: 'again' }));
      assert.ok(outcome.kind === 'response' && outcome.response.status === 200, JSON.stringify(outcome));
      assert.deepEqual([record.attempts, record.error], [2, undefined]);
      assert.equal(scene.target.requests.length, 2);
      assert.deepEqual(scene.target.irregularities, []);
      assert.equal(scene.gateway.metric('waygate_retries_total', { upstream: 'service' }), 1);
      await scene.assertNextServed();
    });
  }

  for (const method of ['POST', 'PATCH', 'LOCK']) {
    test(`F146: a ${method} is not sent again when its target ${how} before it answers`, async (t) => {
      const scene = await startUpstreamScene(t);
      const asked = withBody(method, 5);
      await scene.assertFailed(asked, 502, 'upstream_closed', closing(end));
      assert.equal(scene.target.requests.filter(({ target }) => target === '/asked').length, 1);
    });
  }
}

for (const chunked of [false, true]) {
  const framing = chunked ? 'in chunks' : 'with a length';
  test(`F146: a PUT with a body of 64 KiB ${framing} is sent again, octet for octet`, async (t) => {
    const scene = await startUpstreamScene(t);
    const bytes = withBody('PUT', 65_536, chunked);
    const { outcome, record } = await scene.ask(bytes, closing(reset), answer({ body: 'again' }));
    assert.ok(outcome.kind === 'response' && outcome.response.text === 'again', JSON.stringify(outcome));
    assert.equal(record.attempts, 2);
    assert.deepEqual(
      scene.target.requests.map(({ body }) => body.toString()),
      ['x'.repeat(65_536), 'x'.repeat(65_536)],
    );
    assert.deepEqual(scene.target.irregularities, []);
    await scene.assertNextServed();
  });

  test(`F146: a PUT with a larger body ${framing} is not sent again`, async (t) => {
    const scene = await startUpstreamScene(t);
    await scene.assertFailed(withBody('PUT', 65_537, chunked), 502, 'upstream_closed', closing(reset));
    assert.equal(scene.target.requests.filter(({ target }) => target === '/asked').length, 1);
  });
}

test('F146: a body that was still arriving when its target closed is sent again whole', async (t) => {
  const scene = await startUpstreamScene(t);
  scene.target.next(play(finish), answer({ body: 'again' }));
  const client = await connectClient(t, scene.port);
  await client.send('PUT /asked HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 10\r\n\r\nhello');
  await scene.target.head(1);
  await client.send('there');
  assert.equal((await client.response()).text, 'again');
  assert.equal(scene.target.requests[1]?.body.toString(), 'hellothere');
  await scene.assertNextServed();
});

test('F146: nothing is sent again once a target has begun to answer', async (t) => {
  const scene = await startUpstreamScene(t);
  const begun = play(requestComplete, send('HTTP/1.1 2'), finish);
  await scene.assertFailed(get, 502, 'upstream_malformed', begun);
  assert.equal(scene.target.requests.filter(({ target }) => target === '/asked').length, 1);
});

test('F146: a request is sent again once, and not again and again', async (t) => {
  const scene = await startUpstreamScene(t, {}, { timeouts: { keepAlive: 0 } });
  await scene.assertFailed(get, 502, 'upstream_closed', closing(finish), closing(finish));
  assert.equal(scene.target.requests.filter(({ target }) => target === '/asked').length, 2);
});

test('F146: retries are no more than their share of the requests', async (t) => {
  const scene = await startUpstreamScene(t, {}, { timeouts: { keepAlive: 0 }, retries: { budget: 0.1 } });
  const target = await startRecordingTarget(t);
  await target.close();
  let asked = 0;
  for (let request = 0; request < 100; request++) {
    await scene.ask(get, closing(finish), closing(finish));
    asked += scene.target.requests.length;
    // What was scripted for a retry that did not come is used up.
    if (scene.target.requests.length === 1) await scene.ask(get.replace('asked', 'other'));
    scene.target.forget();
  }
  // Ten are saved up; two hundred requests at the most earn one tenth each.
  assert.ok(asked - 100 <= 10 + 20, `${asked - 100} retries`);
  assert.ok(asked - 100 >= 10);
});

test('F146: another target is asked first, also by a POST that the first did not take', async (t) => {
  const dead = await startRecordingTarget(t);
  const alive = await startRecordingTarget(t);
  const upstreams = { service: { targets: [dead.url, alive.url] } };
  const gateway = await startGateway(t, routeTo(alive, { ...calm, upstreams }));
  const scene = new UpstreamScene(gateway, alive);
  await dead.close();
  for (let request = 0; request < 10; request++) {
    const { outcome } = await scene.ask(withBody('POST', 5));
    assert.ok(outcome.kind === 'response' && outcome.response.status === 200, JSON.stringify(outcome));
  }
  assert.equal(alive.requests.length, 10, 'each reached the living one, once');
});

test('F146: a client that leaves while a retry is awaited leaves nothing behind', async (t) => {
  for (let round = 0; round < 10; round++) await leaveInBackoff(t);
});

async function leaveInBackoff(t: TestContext): Promise<void> {
  const scene = await startUpstreamScene(t);
  scene.target.next(closing(finish));
  const client = await connectClient(t, scene.port);
  await client.send(get);
  await eventually(() => scene.target.connections[0]?.closed === true, 'the target has closed');
  client.reset();
  assert.equal((await scene.gateway.record(0)).error, 'client_aborted');
  await scene.assertNextServed();
}
