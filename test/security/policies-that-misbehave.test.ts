import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { PolicyInstance } from '../../src/core/policy.ts';
import { definePolicy } from '../../src/core/policy.ts';
import type { Exchange, ResponseHead } from '../../src/core/exchange.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { routeTo, startGateway } from '../kit/start-gateway.ts';

/** A policy as a program without types may write it: whatever it does, the contract is not its concern. */
type Untyped = Readonly<Record<string, (exchange: Exchange, head: ResponseHead) => unknown>>;

function misbehaving(instance: Untyped) {
  return definePolicy({
    name: 'misbehaves',
    description: 'Does what no policy may.',
    options: z.strictObject({}),
    // Untyped on purpose: types do not hold back a policy that is written in JavaScript.
    create: () => instance as PolicyInstance,
  });
}

const later = (value: unknown) => async () => Promise.resolve(value);
const fails = () => {
  throw new Error('a stage that fails');
};

// oxlint-disable-next-line unicorn/no-thenable -- a promise that is none is the attack
const brokenPromise = () => ({ then: fails });
const rejectsWithNothing = async () => {
  const nothing: unknown = undefined;
  throw nothing;
};

/** What costs the exchange that it happens in a 500. */
const failures: Readonly<Record<string, Untyped>> = {
  'answers null': { onRequest: () => null },
  'answers null later': { onRequest: later(null) },
  'answers a word': { onRequest: () => 'no' },
  'answers a word later': { onRequest: later('no') },
  'answers headers that are no list': { onRequest: () => ({ status: 200, headers: { 'x-a': 'b' } }) },
  'answers headers that are no list, later': { onRequest: later({ status: 200, headers: { 'x-a': 'b' } }) },
  'answers headers that are numbers': { onRequest: later({ status: 200, headers: [['x-a', 1]] }) },
  'answers headers without values': { onRequest: later({ status: 200, headers: [['x-a']] }) },
  'answers a number as body': { onRequest: later({ status: 200, body: 5 }) },
  'answers an object as body': { onRequest: later({ status: 200, body: { length: 5 } }) },
  'answers an array as body': { onRequest: () => ({ status: 200, body: ['a'] }) },
  'answers with the status 101': { onRequest: later({ status: 101 }) },
  'gives a promise whose then throws': { onRequest: brokenPromise },
  'has a stage for requests that cannot be made': {
    onRequest: (exchange) => {
      exchange.wrapRequestBody(fails);
    },
  },
  'has a stage for answers that cannot be made': {
    onResponse: (exchange) => {
      exchange.wrapResponseBody(fails);
    },
  },
  'gives an answer a status that is none': {
    onResponse: (_, head) => {
      head.status = 1000;
    },
  },
  'rejects with nothing': { onRequest: rejectsWithNothing },
  'rejects with nothing on the answer': { onResponse: rejectsWithNothing },
};

for (const [what, instance] of Object.entries(failures)) {
  test(`a policy that ${what} costs its exchange a 500, and nobody else anything`, async (t) => {
    const target = await startRecordingTarget(t);
    const scene = await startGateway(
      t,
      {
        upstreams: { service: target.url },
        routes: [
          { path: '/bad', upstream: 'service', policies: [{ misbehaves: {} }] },
          { path: '/', upstream: 'service' },
        ],
      },
      { policies: [misbehaving(instance)], expectErrors: true },
    );
    const response = await exchangeOnce(
      t,
      scene.port,
      'POST /bad HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi',
    );
    assert.equal(response.status, 500);
    assert.equal((await scene.record(0)).error, 'policy_failed');
    const next = await exchangeOnce(t, scene.port, 'GET /good HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.equal(next.text, 'OK');
  });
}

/** What goes by unnoticed. */
const harmless: Readonly<Record<string, Untyped>> = {
  'returns a word from onResponse': { onResponse: () => 'done' },
  'returns whether a header was there': { onResponse: (_, head) => head.headers.delete('server') },
  'returns null from onResponse': { onResponse: () => null },
  'rejects in onFinish': { onFinish: async () => Promise.reject(new Error('too late')) },
  'gives onFinish a promise whose then throws': { onFinish: brokenPromise },
};

for (const [what, instance] of Object.entries(harmless)) {
  test(`a policy that ${what} costs nobody anything`, async (t) => {
    const target = await startRecordingTarget(t);
    const { port } = await startGateway(t, routeTo(target, { policies: [{ misbehaves: {} }] }), {
      policies: [misbehaving(instance)],
      expectErrors: true,
    });
    for (const path of ['/1', '/2']) {
      const response = await exchangeOnce(t, port, `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
      assert.deepEqual([response.status, response.text], [200, 'OK']);
    }
  });
}

for (const method of ['write', 'end'] as const) {
  for (const side of ['wrapRequestBody', 'wrapResponseBody'] as const) {
    test(`a stage of ${side} that throws in ${method} costs its exchange, and nobody else anything`, async (t) => {
      const target = await startRecordingTarget(t);
      const instance: Untyped = {
        onRequest: (exchange) => {
          if (exchange.request.path !== '/bad') return;
          exchange[side]((next) => ({
            write: (chunk) => next.write(chunk),
            end: (trailers) => {
              next.end(trailers);
            },
            abort: (error) => {
              next.abort(error);
            },
            [method]: fails,
          }));
        },
      };
      const scene = await startGateway(t, routeTo(target, { policies: [{ misbehaves: {} }] }), {
        policies: [misbehaving(instance)],
        expectErrors: true,
      });
      const bad = exchangeOnce(t, scene.port, 'POST /bad HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi');
      // Cut off or a 500, but never a whole answer.
      const status = await bad.then(
        (response) => response.status,
        () => 0,
      );
      assert.ok(status === 0 || status === 500, `${status}`);
      assert.equal((await scene.record(0)).error, 'policy_failed');
      const next = await exchangeOnce(t, scene.port, 'GET /good HTTP/1.1\r\nHost: a\r\n\r\n');
      assert.equal(next.text, 'OK');
    });
  }
}

for (const status of [204, 304]) {
  test(`a policy that makes an answer a ${status} takes its body away, so that the next answer is the next`, async (t) => {
    const target = await startRecordingTarget(t);
    const instance: Untyped = {
      onResponse: (exchange, head) => {
        if (exchange.request.path === '/bare') head.status = status;
      },
    };
    const { port } = await startGateway(t, routeTo(target, { policies: [{ misbehaves: {} }] }), {
      policies: [misbehaving(instance)],
    });
    const client = await connectClient(t, port);
    await client.send(
      'GET /bare HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );
    const bare = await client.response();
    assert.deepEqual([bare.status, bare.bodyLength], [status, 0]);
    if (status === 204) assert.equal(bare.header('content-length'), undefined);
    assert.equal((await client.response()).text, 'OK');
    assert.equal(await client.ending(), 'finished');
    assert.equal(client.unread.length, 0);
  });
}
