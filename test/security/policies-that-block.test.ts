import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BodySink } from '../../src/core/body.ts';
import type { FakeClock } from '../kit/fake-clock.ts';
import { eventually } from '../kit/eventually.ts';
import { failuresOf, linesAbout, startTimedScene, type Untyped } from '../kit/misbehaving-policy.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';

const post = 'POST /bad HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi';

const blocking =
  (block: () => void) =>
  (next: BodySink): BodySink => ({
    write: (chunk) => {
      block();
      return next.write(chunk);
    },
    end: (trailers) => {
      next.end(trailers);
    },
    abort: (error) => {
      next.abort(error);
    },
  });

/** The clock stands still for all others while a policy has the event loop: so it is the policy that moves it. */
const phases: Readonly<Record<string, (block: () => void) => Untyped>> = {
  onRequest: (block) => ({ onRequest: block }),
  onResponse: (block) => ({ onResponse: block }),
  onFinish: (block) => ({ onFinish: block }),
  'request body': (block) => ({
    onRequest: (exchange) => {
      exchange.wrapRequestBody(blocking(block));
    },
  }),
  'response body': (block) => ({
    onResponse: (exchange) => {
      // The call of a stage that pushes into the one that is to blame takes as long.
      exchange.wrapResponseBody(blocking(() => undefined));
      exchange.wrapResponseBody(blocking(block));
    },
  }),
};

for (const [phase, make] of Object.entries(phases)) {
  test(`a policy that holds the event loop in ${phase} is named with its route and the time, and counted once`, async (t) => {
    const time: { clock?: FakeClock } = {};
    const scene = await startTimedScene(
      t,
      make(() => time.clock?.advance(3000)),
    );
    time.clock = scene.clock;
    const response = await exchangeOnce(t, scene.port, post);
    assert.equal(response.text, 'OK', 'it costs time, and nothing else');
    await eventually(() => failuresOf(scene, 'blocked') === 1, 'it is counted');
    const [line, ...others] = linesAbout(scene);
    assert.deepEqual(
      [line?.['route'], line?.['kind'], line?.['phase'], line?.['milliseconds']],
      ['bad', 'blocked', phase, 3000],
    );
    assert.equal(others.length, 0);
  });
}

test('exchanges that waited while a policy held the event loop go on', async (t) => {
  const time: { clock?: FakeClock } = {};
  const scene = await startTimedScene(t, { onRequest: () => time.clock?.advance(3000) });
  time.clock = scene.clock;
  const clients = await Promise.all([1, 2, 3].map(async () => connectClient(t, scene.port)));
  await Promise.all(
    clients.map(async (client, i) => client.send(i === 1 ? post : post.replace('/bad', '/good'))),
  );
  for (const client of clients) assert.equal((await client.response()).text, 'OK');
  assert.equal(failuresOf(scene, 'blocked'), 1);
});

test('a policy that is quick is not suspected', async (t) => {
  const scene = await startTimedScene(t, { onRequest: () => undefined, onResponse: () => undefined });
  await exchangeOnce(t, scene.port, post);
  assert.deepEqual(linesAbout(scene), []);
});
