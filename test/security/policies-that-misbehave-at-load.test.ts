import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import type { ConfigInput } from '../../src/config/schema.ts';
import { definePolicy, type PolicyInstance } from '../../src/core/policy.ts';
import { explainRequest, type Explanation } from '../../src/gateway/explain.ts';
import { policiesWith } from '../../src/gateway/built-in-policies.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { eventually } from '../kit/eventually.ts';
import { failuresOf, linesAbout, misbehaving, type Untyped } from '../kit/misbehaving-policy.ts';
import { exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { startGateway } from '../kit/start-gateway.ts';

const hostile: object = new Proxy(new Error('x'), {
  get: () => {
    throw new Error('not to be read');
  },
  getPrototypeOf: () => {
    throw new Error('not to be looked at');
  },
});

const creations: Readonly<Record<string, readonly [create: () => unknown, says: RegExp]>> = {
  'throws an error': [() => raise(new Error('no luck')), /misbehaves could not be made: no luck/],
  'throws a word': [() => raise('no luck'), /no luck/],
  'throws what throws when it is looked at': [() => raise(hostile), /throws when it is looked at/],
  'returns nothing': [() => undefined, /create returned undefined/],
  'returns a number': [() => 5, /create returned 5/],
  'returns a promise': [async () => Promise.resolve({}), /create returned a promise/],
  'returns a word in place of a function': [() => ({ onRequest: 'x' }), /onRequest is 'x', not a function/],
};

for (const [what, [create, says]] of Object.entries(creations)) {
  test(`a policy whose create ${what} is a mistake in the configuration, named and with its place`, async (t) => {
    const policy = definePolicy({
      name: 'misbehaves',
      description: 'Does what no policy may.',
      options: z.strictObject({}),
      create: () => create() as PolicyInstance,
    });
    const config = {
      upstreams: { service: 'http://127.0.0.1:1' },
      routes: [{ path: '/', upstream: 'service', policies: [{ misbehaves: {} }] }],
    };
    await assert.rejects(startGateway(t, config, { policies: [policy] }), (error: Error) => {
      assert.match(error.message, says);
      assert.match(error.message, /routes\[0\]\.policies\[0\]/);
      return true;
    });
  });
}

const closings: Readonly<Record<string, readonly [kind: string, close: () => unknown]>> = {
  throws: ['threw', () => raise(new Error('x'))],
  'throws what throws when it is looked at': ['threw', () => raise(hostile)],
  rejects: ['rejected', async () => Promise.reject(new Error('x'))],
  'never ends': ['timed_out', async () => new Promise(() => {})],
};

for (const [what, [kind, close]] of Object.entries(closings)) {
  test(`a policy whose close ${what} keeps no other from closing, is named and counted`, async (t) => {
    const clock = new FakeClock();
    const target = await startRecordingTarget(t);
    let closed = false;
    const other = misbehaving({ close: () => (closed = true) }, 'other');
    const config: ConfigInput = {
      upstreams: { service: target.url },
      timeouts: { policy: '5s' },
      routes: [
        { name: 'bad', path: '/', upstream: 'service', policies: [{ misbehaves: {} }, { other: {} }] },
      ],
    };
    const scene = await startGateway(t, config, {
      policies: [misbehaving({ close }), other],
      expectErrors: true,
      clock,
    });
    await exchangeOnce(t, scene.port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await scene.gateway.close();
    await eventually(() => closed, 'the other is closed');
    clock.advance(5100);
    await eventually(() => linesAbout(scene).length === 1, 'it is in the log');
    const [line] = linesAbout(scene);
    assert.deepEqual([line?.['kind'], line?.['phase'], line?.['route']], [kind, 'close', 'bad']);
    assert.equal(failuresOf(scene, kind), 1);
  });
}

const explanations: Readonly<Record<string, readonly [Untyped, RegExp]>> = {
  'throws in explain': [{ explain: () => raise(new Error('no luck')) }, /no luck/],
  'throws what throws when it is looked at': [{ explain: () => raise(hostile) }, /looked at/],
  'explains nothing': [{ explain: () => undefined }, /undefined/],
  'explains with a reply that is none': [
    { explain: () => ({ reply: 5, notes: [] }) },
    /5 in place of a reply/,
  ],
  'explains with notes that are none': [{ explain: () => ({ notes: 5 }) }, /iterable/],
  'never explains': [{ explain: async () => new Promise(() => {}) }, /did not answer within 50 ms/],
  'never answers': [{ onRequest: async () => new Promise(() => {}) }, /did not answer within 50 ms/],
  'answers the status 99': [{ onRequest: () => ({ status: 99 }) }, /status is 99/],
};

for (const [what, [instance, says]] of Object.entries(explanations)) {
  test(`a policy that ${what} fails in what is explained, and nothing else does`, async (t) => {
    const policies = policiesWith([misbehaving(instance)]);
    const { gateway } = await startGateway(
      t,
      {
        upstreams: { service: 'http://127.0.0.1:1' },
        timeouts: { policy: '50ms' },
        routes: [{ path: '/', upstream: 'service', policies: [{ misbehaves: {} }] }],
      },
      { policies: [misbehaving(instance)] },
    );
    const question = { head: 'GET / HTTP/1.1\r\nHost: a\r\n\r\n', peerIp: '127.0.0.1' };
    const { policies: explained, end }: Explanation = await explainRequest(
      gateway.config,
      question,
      policies,
    );
    assert.deepEqual(
      explained.map(({ name, verdict }) => [name, verdict]),
      [['misbehaves', 'fails']],
    );
    assert.ok(end.type === 'refused' && says.test(end.detail), JSON.stringify(end));
  });
}

function raise(value: unknown): never {
  throw value;
}
