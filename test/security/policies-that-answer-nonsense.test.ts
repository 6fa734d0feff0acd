import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import type { Exchange } from '../../src/core/exchange.ts';
import { eventually } from '../kit/eventually.ts';
import { failuresOf, linesAbout, misbehaving, startScene, type Untyped } from '../kit/misbehaving-policy.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

const post = (path: string): string => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi`;

function* endless(): Generator<readonly [string, string]> {
  for (;;) yield ['x-a', 'b'];
}

const replies: Readonly<Record<string, unknown>> = {
  'a number': 5,
  zero: 0,
  'a boolean': false,
  'a function': () => 1,
  'a list': [],
  'the status 99': { status: 99 },
  'the status 600': { status: 600 },
  'the status 1e9': { status: 1e9 },
  'the status NaN': { status: NaN },
  'the status 200.5': { status: 200.5 },
  'a status in words': { status: '200' },
  'headers that are an object': { status: 200, headers: { a: 'b' } },
  'headers that are a text': { status: 200, headers: 'ab' },
  'headers that are null': { status: 200, headers: null },
  'headers that never end': { status: 200, headers: { [Symbol.iterator]: endless } },
  'a header that is a text': { status: 200, headers: ['ab'] },
  'a header with a line break': { status: 200, headers: [['a', 'b\r\nx-evil: 1']] },
  'a header with a line break in its name': { status: 200, headers: [['a\r\nx-evil', '1']] },
  'a header beyond one octet a character': { status: 200, headers: [['a', '€']] },
  'a body that is null': { status: 200, body: null },
  'a feed whose length is a text': { status: 200, body: { length: '5', start: () => undefined } },
  'a feed whose length is negative': { status: 200, body: { length: -1, start: () => undefined } },
  'a feed that starts with nothing': { status: 200, body: { start: () => undefined } },
  'a feed that starts with a promise': { status: 200, body: { start: async () => Promise.resolve() } },
};

for (const [what, reply] of Object.entries(replies)) {
  for (const [when, instance] of [
    ['at once', { onRequest: () => reply }],
    ['later', { onRequest: async () => Promise.resolve(reply) }],
  ] as const satisfies readonly (readonly [string, Untyped])[]) {
    test(`a policy that answers ${what} ${when} costs its exchange a 500, is named and counted`, async (t) => {
      const scene = await startScene(t, instance);
      const response = await exchangeOnce(t, scene.port, post('/bad'));
      assert.equal(response.status, 500);
      assert.equal(response.header('x-evil'), undefined);
      const { error, policy } = await scene.record(0);
      assert.deepEqual([error, policy], ['policy_failed', 'misbehaves']);
      assert.equal(failuresOf(scene, 'nonsense'), 1);
      assert.equal(linesAbout(scene)[0]?.['kind'], 'nonsense');
      assert.equal((await exchangeOnce(t, scene.port, post('/good'))).text, 'OK');
    });
  }
}

/** Written as a program without types does it. */
const set = (object: object, name: string, value: unknown): void => {
  Reflect.set(object, name, value);
  if (Reflect.get(object, name) !== value) throw new Error('not set');
};

const call = (object: object, name: string, values: readonly unknown[]): void => {
  Reflect.apply(Reflect.get(object, name) as () => void, object, values);
};

const edits: Readonly<Record<string, Untyped>> = {
  'gives the exchange a number as id': { onRequest: (exchange) => set(exchange, 'id', 5) },
  'gives the exchange a path that is a number': { onRequest: (exchange) => set(exchange, 'upstreamPath', 5) },
  'gives the exchange a path that is not canonical': {
    onRequest: (exchange) => set(exchange, 'upstreamPath', '/a/../b'),
  },
  'gives the exchange a limit that is no number': {
    onRequest: (exchange) => set(exchange, 'requestBodyLimit', NaN),
  },
  'gives the exchange a consumer that is a word': {
    onRequest: (exchange) => set(exchange, 'consumer', 'bob'),
  },
  'gives the exchange a consumer that is null': { onRequest: (exchange) => set(exchange, 'consumer', null) },
  'gives the exchange a consumer without an id': { onRequest: (exchange) => set(exchange, 'consumer', {}) },
  'puts a line break into a header for the service': {
    onRequest: ({ request }) => {
      request.headers.set('x-a', 'b\r\nx-evil: 1');
    },
  },
  'puts a number into a header for the service': {
    onRequest: ({ request }) => {
      call(request.headers, 'append', ['x-a', 5]);
    },
  },
  'puts a line break into a header of the answer': {
    onResponse: (_, { headers }) => {
      headers.set('x-a', 'b\r\nx-evil: 1');
    },
  },
  'puts a number in the place of a header name of the answer': {
    onResponse: (_, { headers }) => {
      call(headers, 'append', [5, 'a']);
    },
  },
  'puts an object in the place of the answer’s headers': {
    onResponse: (_, head) => set(head, 'headers', {}),
  },
  'takes the answer’s headers away': { onResponse: (_, head) => set(head, 'headers', undefined) },
  'gives an answer the status 1e9': { onResponse: (_, head) => set(head, 'status', 1e9) },
  'gives an answer the status NaN': { onResponse: (_, head) => set(head, 'status', NaN) },
  'gives an answer a body that is a number': { onResponse: (_, head) => set(head, 'body', 5) },
  'puts a stage into the way that is a word': {
    onResponse: (exchange) => {
      call(exchange, 'wrapResponseBody', ['gzip']);
    },
  },
  'puts a stage into the way that makes nothing': {
    onResponse: (exchange) => {
      call(exchange, 'wrapResponseBody', [() => undefined]);
    },
  },
  'puts a stage into the request’s way that makes nothing': {
    onRequest: (exchange) => {
      call(exchange, 'wrapRequestBody', [() => ({ write: 1 })]);
    },
  },
  'puts a stage into the request’s way when it has left': {
    onResponse: (exchange) => {
      exchange.wrapRequestBody((next) => next);
    },
  },
};

for (const [what, instance] of Object.entries(edits)) {
  test(`a policy that ${what} costs its exchange a 500, is named, and nothing of it gets out`, async (t) => {
    const scene = await startScene(t, instance);
    const response = await exchangeOnce(t, scene.port, post('/bad'));
    assert.equal(response.status, 500);
    assert.equal(response.header('x-evil'), undefined);
    const { error, policy } = await scene.record(0);
    assert.deepEqual([error, policy], ['policy_failed', 'misbehaves']);
    assert.equal((await exchangeOnce(t, scene.port, post('/good'))).text, 'OK');
  });
}

test('what a policy does to an exchange that is over reaches nobody', async (t) => {
  let kept: Exchange | undefined;
  const scene = await startScene(t, {
    onRequest: (exchange) => {
      kept ??= exchange;
    },
  });
  const client = await connectClient(t, scene.port);
  await client.send(post('/bad'));
  assert.equal((await client.response()).text, 'OK');
  await scene.record(0);
  assert.throws(() => kept?.wrapResponseBody((next) => next), /head has been sent/);
  assert.throws(() => kept?.wrapRequestBody((next) => next), /on its way/);
  kept?.request.headers.set('x-late', '1');
  kept?.outliveClient();
  await client.send(post('/bad'));
  assert.equal((await client.response()).text, 'OK');
});

test('a promise that settles twice lets nobody past the policy behind it', async (t) => {
  const settleTwice = (settled: (value: undefined) => void): void => {
    settled(undefined);
    queueMicrotask(() => {
      settled(undefined);
    });
  };
  // oxlint-disable-next-line unicorn/no-thenable -- a promise that is none is the attack
  const twice = { then: settleTwice };
  // oxlint-disable-next-line unicorn/no-thenable -- the same, of a promise that is one
  const native = Object.defineProperty(Promise.resolve(), 'then', { value: settleTwice });
  for (const promise of [twice, native]) {
    const target = await startRecordingTarget(t);
    const { promise: decision, resolve: decide } = Promise.withResolvers<object>();
    let asked = false;
    const guard: Untyped = {
      onRequest: async () => {
        asked = true;
        return decision;
      },
    };
    const { port } = await startGateway(
      t,
      routeTo(target, { policies: [{ misbehaves: {} }, { guard: {} }] }),
      { policies: [misbehaving({ onRequest: () => promise }), misbehaving(guard, 'guard')] },
    );
    const response = exchangeOnce(t, port, post('/'));
    await eventually(() => asked, 'the policy behind it is asked');
    await setImmediate();
    decide({ status: 403 });
    assert.equal((await response).status, 403);
    assert.equal(target.requests.length, 0);
  }
});
