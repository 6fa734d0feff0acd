import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BodySink } from '../../src/core/body.ts';
import { webStreamStage } from '../../src/core/body-streams.ts';
import type { AccessRecord } from '../../src/observe/access-log.ts';
import { eventually } from '../kit/eventually.ts';
import { failuresOf, linesAbout, startTimedScene, type Untyped } from '../kit/misbehaving-policy.ts';
import { connectClient } from '../kit/raw-client.ts';
import { raw, responseText } from '../kit/replies.ts';
import type { TestGateway } from '../kit/start-gateway.ts';

const never = async (): Promise<never> => new Promise(() => {});
const post = 'POST /bad HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n';

/** Takes what comes, and nothing ever comes out. */
const swallows = (next: BodySink): BodySink => ({
  write: () => true,
  end: () => undefined,
  abort: (error) => {
    next.abort(error);
  },
});

/** Says that it has no room, and never that it has. */
const fills = (next: BodySink): BodySink => ({ ...swallows(next), write: () => false });

const neverReads = webStreamStage(() => ({
  readable: new ReadableStream<Uint8Array>(),
  writable: new WritableStream<Uint8Array>({ write: never }),
}));
const neverCloses = webStreamStage(() => new TransformStream({ flush: never }));

const cases: Readonly<Record<string, Untyped>> = {
  'never answers a request': { onRequest: never },
  'never lets an answer go': { onResponse: never },
  'swallows the body of a request': {
    onRequest: (exchange) => {
      exchange.wrapRequestBody(swallows);
    },
  },
  'has no room for the body of a request': {
    onRequest: (exchange) => {
      exchange.wrapRequestBody(fills);
    },
  },
  'has a web stream for requests that never reads': {
    onRequest: (exchange) => {
      exchange.wrapRequestBody(neverReads);
    },
  },
  'has a web stream for requests that never ends': {
    onRequest: (exchange) => {
      exchange.wrapRequestBody(neverCloses);
    },
  },
  'swallows the body of an answer': {
    onResponse: (exchange) => {
      exchange.wrapResponseBody(swallows);
    },
  },
  'has no room for the body of an answer': {
    onResponse: (exchange) => {
      exchange.wrapResponseBody(fills);
    },
  },
  'has a web stream for answers that never reads': {
    onResponse: (exchange) => {
      exchange.wrapResponseBody(neverReads);
    },
  },
  'has a web stream for answers that never ends': {
    onResponse: (exchange) => {
      exchange.wrapResponseBody(neverCloses);
    },
  },
};

for (const [what, instance] of Object.entries(cases)) {
  test(`a policy that ${what} is given up after its time-out, on a route whose exchanges have none`, async (t) => {
    let asked = false;
    const scene = await startTimedScene(
      t,
      {
        ...instance,
        onRequest: (exchange, head) => {
          asked = true;
          return instance['onRequest']?.(exchange, head);
        },
      },
      {
        route: { streaming: true, timeouts: { policy: '7s', requestBodyIdle: 0 } },
        script: raw(responseText({ chunks: ['hel', 'lo'] })),
      },
    );
    const client = await connectClient(t, scene.port);
    await client.send(post);
    await eventually(() => asked, 'the policy is asked');
    await scene.pass(1000);
    assert.equal(failuresOf(scene, 'timed_out'), 0, 'not before its time');
    await scene.pass(14_200);
    const outcome = await client.outcome();
    // Cut off where a part has left already.
    assert.ok(
      outcome.kind === 'closed' || (outcome.kind === 'response' && outcome.response.status === 500),
      JSON.stringify(outcome),
    );
    const { error, policy } = await recordOf(scene);
    assert.deepEqual([error, policy], ['policy_failed', 'misbehaves']);
    assert.equal(failuresOf(scene, 'timed_out'), 1);
    assert.equal(linesAbout(scene)[0]?.['kind'], 'timed_out');
  });
}

test('a policy that answers after it was given up is not heard', async (t) => {
  const { promise, resolve } = Promise.withResolvers<object>();
  const scene = await startTimedScene(
    t,
    { onRequest: async () => promise },
    { route: { timeouts: { policy: '2s' } } },
  );
  const client = await connectClient(t, scene.port);
  await client.send(post);
  await eventually(() => scene.gateway.stats.inFlight === 1, 'the exchange is under way');
  await scene.pass(2200);
  assert.equal((await client.response()).status, 500);
  resolve({ status: 200, body: 'too late' });
  await client.send(post.replace('/bad', '/good'));
  assert.equal((await client.response()).text, 'OK');
  assert.equal(failuresOf(scene, 'timed_out'), 1);
});

test('a feed that falls silent is given up on a route without time-outs', async (t) => {
  let cancelled = false;
  const feed = {
    start: (sink: BodySink) => {
      sink.write(Buffer.from('first'));
      return { pause: () => undefined, resume: () => undefined, cancel: () => (cancelled = true) };
    },
  };
  const scene = await startTimedScene(
    t,
    { onRequest: () => ({ status: 200, body: feed }) },
    { route: { streaming: true, timeouts: { bodyIdle: '5s' } } },
  );
  const client = await connectClient(t, scene.port);
  await client.send('GET /bad HTTP/1.1\r\nHost: a\r\n\r\n');
  await eventually(() => scene.gateway.stats.inFlight === 1, 'the exchange is under way');
  await scene.pass(5200);
  assert.equal((await client.outcome()).kind, 'closed');
  assert.equal((await recordOf(scene)).policy, 'misbehaves');
  assert.equal(failuresOf(scene, 'timed_out'), 1);
  assert.ok(cancelled);
});

/** The record of the exchange that it is about; those by which time passes have theirs as well. */
async function recordOf(scene: TestGateway): Promise<AccessRecord> {
  const find = (): AccessRecord | undefined => scene.records.find(({ route }) => route === 'bad');
  await eventually(() => find() !== undefined, 'the exchange is in the access log');
  const record = find();
  assert.ok(record !== undefined);
  return record;
}
