import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GatewayError } from '../../src/core/errors.ts';
import { eventually } from '../kit/eventually.ts';
import { failuresOf, linesAbout, startScene, type Untyped } from '../kit/misbehaving-policy.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';

const post = (path: string): string => `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi`;

const fails = (): never => {
  throw new Error('secret');
};

/** Throws at whoever looks at it. */
function hostile(): object {
  const thrower = (): never => {
    return raise(hostile());
  };
  return new Proxy(new Error('x'), {
    get: thrower,
    has: thrower,
    getPrototypeOf: thrower,
    ownKeys: thrower,
    getOwnPropertyDescriptor: thrower,
  });
}

/** An error like any other, until somebody reads it. */
function hostileError(): Error {
  const error = new Error('x');
  for (const name of ['message', 'stack', 'name', 'code', 'cause'])
    Object.defineProperty(error, name, {
      get() {
        throw new Error('not to be read');
      },
    });
  return error;
}

const circle = (): Error => {
  const error = new Error('its own cause');
  error.cause = error;
  return error;
};

const thrown: Readonly<Record<string, () => unknown>> = {
  'an error': () => new Error('secret'),
  nothing: () => undefined,
  null: () => null,
  'a word': () => 'secret',
  'a symbol': () => Symbol('secret'),
  'an object without prototype': () => Object.create(null) as unknown,
  'an error that is its own cause': circle,
  'an object that throws when it is looked at': hostile,
  'an error that throws when it is read': hostileError,
  'a GatewayError with a code that there is none of': () =>
    Reflect.construct(GatewayError, ['made_up', 'secret']) as unknown,
};

const phases: Readonly<Record<string, readonly [kind: string, make: (value: () => unknown) => Untyped]>> = {
  'throws in onRequest': ['threw', (value) => ({ onRequest: () => raise(value()) })],
  'rejects in onRequest': ['rejected', (value) => ({ onRequest: async () => raise(value()) })],
  'throws in onResponse': ['threw', (value) => ({ onResponse: () => raise(value()) })],
  'rejects in onResponse': ['rejected', (value) => ({ onResponse: async () => raise(value()) })],
};

for (const [how, [kind, make]] of Object.entries(phases)) {
  for (const [what, value] of Object.entries(thrown)) {
    test(`a policy that ${how} with ${what} costs its exchange a 500, is named and counted`, async (t) => {
      const scene = await startScene(t, make(value));
      const client = await connectClient(t, scene.port);
      await client.send(post('/bad'));
      const response = await client.response();
      assert.equal(response.status, 500);
      assert.match(response.text, /"code":"policy_failed"/);
      assert.doesNotMatch(response.text, /secret/);
      const record = await scene.record(0);
      assert.deepEqual([record.error, record.policy, record.route], ['policy_failed', 'misbehaves', 'bad']);
      assert.equal(failuresOf(scene, kind), 1);
      const [line, ...others] = linesAbout(scene);
      assert.deepEqual([line?.['route'], line?.['kind'], line?.['id']], ['bad', kind, record.id]);
      assert.ok(line?.['err'] instanceof Error && typeof line['err'].message === 'string');
      assert.equal(others.length, 0);
      assert.equal((await exchangeOnce(t, scene.port, post('/good'))).text, 'OK');
    });
  }
}

for (const [what, value] of Object.entries(thrown)) {
  test(`a policy whose onFinish throws, or rejects later with, ${what} costs nobody anything, and is counted`, async (t) => {
    let late = false;
    const scene = await startScene(t, {
      onFinish: () => (late ? later(value) : raise(value())),
    });
    for (const kind of ['threw', 'rejected']) {
      assert.equal((await exchangeOnce(t, scene.port, post('/bad'))).text, 'OK');
      await eventually(() => failuresOf(scene, kind) === 1, 'it is counted');
      late = true;
    }
    assert.deepEqual(
      linesAbout(scene).map(({ phase }) => phase),
      ['onFinish', 'onFinish'],
    );
  });
}

test('an error with a code of its own is meant for the client, and no failure of the policy', async (t) => {
  const scene = await startScene(t, { onRequest: () => raise(new GatewayError('overloaded', 'not now')) });
  assert.equal((await exchangeOnce(t, scene.port, post('/bad'))).status, 503);
  const { error, policy } = await scene.record(0);
  assert.deepEqual([error, policy], ['overloaded', undefined]);
  assert.deepEqual(linesAbout(scene), []);
});

test('a policy that fails for every request writes a few lines, and says how many there were', async (t) => {
  const scene = await startScene(t, { onRequest: fails });
  const client = await connectClient(t, scene.port);
  for (let i = 0; i < 40; i++) {
    await client.send(post('/bad'));
    assert.equal((await client.response()).status, 500);
  }
  assert.equal(failuresOf(scene, 'threw'), 40);
  assert.ok(linesAbout(scene).length <= 10, `${linesAbout(scene).length} lines`);
});

test('a policy whose failure the log of a program cannot take costs its exchange alone', async (t) => {
  const scene = await startScene(t, {
    onRequest: () => {
      throw new Error('x', { cause: hostileError() });
    },
  });
  assert.equal((await exchangeOnce(t, scene.port, post('/bad'))).status, 500);
  assert.equal((await exchangeOnce(t, scene.port, post('/good'))).text, 'OK');
});

async function later(value: () => unknown): Promise<never> {
  return raise(value());
}

function raise(value: unknown): never {
  throw value;
}
