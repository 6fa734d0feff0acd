import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import { z } from 'zod';
import { eventually } from '../../test/kit/eventually.ts';
import { connectClient, exchangeOnce } from '../../test/kit/raw-client.ts';
import { startRecordingTarget } from '../../test/kit/recording-target.ts';
import {
  finish,
  play,
  raw,
  requestComplete,
  reset,
  responseText,
  send,
  silent,
  waitFor,
} from '../../test/kit/replies.ts';
import type { Script } from '../../test/kit/replies.ts';
import type { TestGateway } from '../../test/kit/start-gateway.ts';
import { startGateway } from '../../test/kit/start-gateway.ts';
import { startTimedGateway } from '../../test/kit/timed-gateway.ts';
import type { BodyStage } from '../core/body.ts';
import type { PolicyInstance } from '../core/policy.ts';
import { definePolicy } from '../core/policy.ts';

const get = 'GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n';

/** Policies of a test, by their names. */
type Instances = Readonly<Record<string, PolicyInstance>>;

function definitionsOf(instances: Instances) {
  return Object.entries(instances).map(([name, instance]) =>
    definePolicy({
      name,
      description: 'A policy of a test.',
      options: z.strictObject({}),
      create: () => instance,
    }),
  );
}

function configFor(target: { readonly url: string }, instances: Instances, route: object = {}) {
  return {
    upstreams: { service: target.url },
    routes: [
      {
        path: '/',
        upstream: 'service',
        policies: Object.keys(instances).map((name) => ({ [name]: {} })),
        ...route,
      },
    ],
  };
}

async function start(
  t: TestContext,
  instances: Instances,
  script: Script,
  options: { readonly expectErrors?: boolean; readonly route?: object } = {},
): Promise<TestGateway> {
  const target = await startRecordingTarget(t, { script });
  const { route = {}, expectErrors = false } = options;
  return startGateway(t, configFor(target, instances, route), {
    policies: definitionsOf(instances),
    expectErrors,
  });
}

/** Counts how often the exchange of a policy ended. */
function counted(instance: PolicyInstance): PolicyInstance & { finished: number } {
  return {
    finished: 0,
    ...instance,
    onFinish() {
      this.finished++;
    },
  };
}

describe('a policy that takes its time over an answer', () => {
  for (const [what, request, answer, body] of [
    ['with a body', get, responseText({ body: 'hello' }), 'hello'],
    ['with a chunked body', get, responseText({ chunks: ['hel', 'lo'] }), 'hello'],
    ['with an empty body', get, responseText({ body: '' }), ''],
    ['204', get, responseText({ status: 204 }), ''],
    ['304', get, responseText({ status: 304 }), ''],
    ['to HEAD', get.replace('GET', 'HEAD'), 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n', ''],
  ] as const) {
    it(`gets an answer ${what} out whole, and the next one on the same connection`, async (t) => {
      const slow = counted({ onResponse: async () => afterAWhile() });
      const gateway = await start(t, { slow }, raw(answer));
      const client = await connectClient(t, gateway.port);
      for (let round = 1; round <= 3; round++) {
        await client.send(request);
        const response = await client.response({ to: request.slice(0, request.indexOf(' ')) });
        assert.equal(response.text, body);
        assert.equal(slow.finished, round);
      }
    });
  }

  it('gets an answer out whole though its target is gone by then', async (t) => {
    for (const end of [finish, reset]) {
      const slow: PolicyInstance = { onResponse: async () => afterAWhile() };
      const answer = play(requestComplete, send(responseText({ chunks: ['hel', 'lo'] })), end);
      const gateway = await start(t, { slow }, answer);
      assert.equal((await exchangeOnce(t, gateway.port, get)).text, 'hello');
      assert.equal((await gateway.record(0)).error, undefined);
    }
  });

  it('lets nobody take half an answer for a whole though its target is gone by then', async (t) => {
    for (const end of [finish, reset]) {
      for (const whole of [responseText({ body: 'hello' }), responseText({ chunks: ['hel', 'lo'] })]) {
        const slow: PolicyInstance = { onResponse: async () => afterAWhile() };
        const gateway = await start(t, { slow }, play(requestComplete, send(whole.slice(0, -2)), end));
        const client = await connectClient(t, gateway.port);
        await client.send(get);
        const outcome = await client.outcome();
        assert.ok(
          outcome.kind === 'closed' || (outcome.kind === 'response' && outcome.response.status === 502),
        );
        assert.equal((await gateway.record(0)).error, 'upstream_body_broken');
      }
    }
  });

  it('sees the answer that replaces one which broke off meanwhile, and lets that out alone', async (t) => {
    const { promise: broken, resolve: breakOff } = Promise.withResolvers<void>();
    const seen: number[] = [];
    const slow = counted({
      async onResponse(_, head) {
        seen.push(head.status);
        if (head.status === 200) {
          breakOff();
          await eventually(() => seen.length > 1, 'the broken answer is replaced');
        }
        await afterAWhile();
      },
    });
    const begin = send('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf');
    const gateway = await start(t, { slow }, play(requestComplete, begin, waitFor(broken), reset));
    const response = await exchangeOnce(t, gateway.port, get);
    assert.equal(response.status, 502);
    assert.match(response.text, /upstream_body_broken/);
    assert.deepEqual(seen, [200, 502]);
    assert.equal((await gateway.record(0)).error, 'upstream_body_broken');
    assert.equal(slow.finished, 1);
  });

  it('hears of the end at once when the client leaves, and sends nothing later', async (t) => {
    const { promise: waiting, resolve: go } = Promise.withResolvers<void>();
    let asked = false;
    const slow = counted({
      async onResponse() {
        asked = true;
        await waiting;
      },
    });
    const gateway = await start(t, { slow }, raw(responseText({ body: 'hello' })));
    const client = await connectClient(t, gateway.port);
    await client.send(get);
    await eventually(() => asked, 'the policy is asked');
    client.reset();
    assert.equal((await gateway.record(0)).error, 'client_aborted');
    assert.equal(slow.finished, 1);
    go();
    assert.equal((await exchangeOnce(t, gateway.port, get)).text, 'hello');
    assert.equal(gateway.records.length, 2);
  });

  it('costs its exchange a 500 when it never ends, whatever the route says of time-outs', async (t) => {
    for (const [route, patience] of [
      [{ timeouts: { exchange: '20s' } }, 20_000],
      [{ streaming: true }, 60_000],
    ] as const) {
      const never = counted({ onResponse: () => new Promise<void>(() => {}) });
      const target = await startRecordingTarget(t, { script: raw(responseText({ body: 'hello' })) });
      const gateway = await startTimedGateway(
        t,
        configFor(target, { never }, { ...route, path: { exact: '/slow' } }),
        {
          policies: definitionsOf({ never }),
          expectErrors: true,
        },
      );
      const client = await connectClient(t, gateway.port);
      await client.send(get.replace('/', '/slow'));
      await target.request(0);
      await eventually(() => gateway.gateway.stats.targetConnections > 0, 'the target is asked');
      await gateway.pass(patience + 200);
      const response = await client.response();
      assert.equal(response.status, 500);
      assert.match(response.text, /policy_failed/);
      assert.equal(never.finished, 1);
    }
  });
});

describe('a policy that fails', () => {
  for (const [what, instance] of [
    ['throws over a request', { onRequest: () => fail() }],
    ['rejects over a request', { onRequest: async () => Promise.reject(new Error('secret')) }],
    ['throws over an answer', { onResponse: () => fail() }],
    ['rejects over an answer', { onResponse: async () => Promise.reject(new Error('secret')) }],
    ['rejects later over an answer', { onResponse: async () => afterAWhile().then(fail) }],
    ['answers with a status that is none', { onRequest: () => ({ status: 42 }) }],
    [
      'answers with a header that is none',
      { onRequest: () => ({ status: 200, headers: [['A B', 'c']] as const }) },
    ],
    [
      'answers with a line break in a header',
      { onRequest: () => ({ status: 200, headers: [['A', 'b\r\nc: d']] as const }) },
    ],
  ] as readonly [string, PolicyInstance][]) {
    it(`because it ${what} costs its exchange a 500, and the next one on the connection nothing`, async (t) => {
      let failing = true;
      const policy = counted({
        onRequest: (exchange) =>
          failing && 'onRequest' in instance ? instance.onRequest?.(exchange) : undefined,
        onResponse: (exchange, head) => (failing ? instance.onResponse?.(exchange, head) : undefined),
      });
      const gateway = await start(t, { policy }, raw(responseText({ body: 'hello' })), {
        expectErrors: true,
      });
      const client = await connectClient(t, gateway.port);
      await client.send(get);
      const response = await client.response();
      assert.equal(response.status, 500);
      assert.match(response.text, /"code":"policy_failed"/);
      assert.doesNotMatch(response.text, /secret/);
      assert.equal((await gateway.record(0)).error, 'policy_failed');
      failing = false;
      await client.send(get);
      assert.equal((await client.response()).text, 'hello');
      assert.equal(policy.finished, 2);
      assert.equal(gateway.lines.filter(({ level }) => level === 'error').length, 1);
    });
  }

  it('in onFinish fails nothing else', async (t) => {
    const policy: PolicyInstance = { onFinish: () => fail() };
    const after = counted({});
    const gateway = await start(t, { after, policy }, raw(responseText({ body: 'hello' })), {
      expectErrors: true,
    });
    assert.equal((await exchangeOnce(t, gateway.port, get)).text, 'hello');
    await gateway.record(0);
    assert.equal(after.finished, 1);
  });

  it('by never answering a request costs its exchange a 500 in time', async (t) => {
    const never = counted({ onRequest: () => new Promise<undefined>(() => {}) });
    const target = await startRecordingTarget(t, { script: silent });
    const config = configFor(target, { never }, { path: { exact: '/slow' }, timeouts: { exchange: '20s' } });
    const gateway = await startTimedGateway(t, config, {
      policies: definitionsOf({ never }),
      expectErrors: true,
    });
    const client = await connectClient(t, gateway.port);
    await client.send(get.replace('/', '/slow'));
    await eventually(() => gateway.gateway.stats.inFlight === 1, 'the exchange is under way');
    await gateway.pass(20_200);
    assert.equal((await client.response()).status, 500);
    assert.equal(target.requests.length, 0);
    assert.equal(never.finished, 1);
  });
});

describe('a stage that changes the length of a body and does not say so', () => {
  const swallowing: BodyStage = (next) => ({
    write: () => true,
    end: (trailers) => next.end(trailers),
    abort: (error) => next.abort(error),
  });
  const doubling: BodyStage = (next) => ({
    write: (chunk) => next.write(Buffer.concat([chunk, chunk])),
    end: (trailers) => next.end(trailers),
    abort: (error) => next.abort(error),
  });

  for (const [what, stage] of Object.entries({ less: swallowing, more: doubling })) {
    it(`to ${what} of a request costs its exchange a 500, and its target sees no whole request`, async (t) => {
      const target = await startRecordingTarget(t);
      const policy: PolicyInstance = {
        onRequest: (exchange) => {
          if (exchange.request.method === 'POST') exchange.wrapRequestBody(stage);
        },
      };
      const gateway = await startGateway(t, configFor(target, { policy }), {
        policies: definitionsOf({ policy }),
        expectErrors: true,
      });
      const client = await connectClient(t, gateway.port);
      await client.send('POST / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 5\r\n\r\nhello');
      const response = await client.response();
      assert.equal(response.status, 500);
      assert.match(response.text, /"code":"policy_failed"/);
      assert.equal(target.completeRequests.length, 0);
      assert.equal((await gateway.record(0)).error, 'policy_failed');
      assert.equal((await exchangeOnce(t, gateway.port, get)).text, 'OK');
    });

    it(`to ${what} of an answer breaks it off`, async (t) => {
      const policy: PolicyInstance = { onRequest: (exchange) => exchange.wrapResponseBody(stage) };
      const gateway = await start(t, { policy }, raw(responseText({ body: 'hello' })), {
        expectErrors: true,
      });
      const client = await connectClient(t, gateway.port);
      await client.send(get);
      const outcome = await client.outcome();
      assert.ok(outcome.kind === 'closed' && outcome.partial?.complete !== true, JSON.stringify(outcome));
      assert.notEqual((await gateway.record(0)).error, undefined);
    });
  }
});

describe('policies', () => {
  it('see the request in the order written, and the answer in reverse', async (t) => {
    const seen: string[] = [];
    const note = (name: string): PolicyInstance => ({
      onRequest: () => void seen.push(`${name} request`),
      onResponse: () => void seen.push(`${name} response`),
      onFinish: () => void seen.push(`${name} finish`),
    });
    const gateway = await start(
      t,
      { one: note('one'), two: note('two') },
      raw(responseText({ body: 'hello' })),
    );
    await exchangeOnce(t, gateway.port, get);
    await gateway.record(0);
    const order = ['one request', 'two request', 'two response', 'one response', 'two finish', 'one finish'];
    assert.deepEqual(seen, order);
  });

  it('see an answer of one of them only if their turn had come', async (t) => {
    const seen: string[] = [];
    const note = (name: string): PolicyInstance => ({
      onRequest: () => (name === 'two' ? { status: 418, body: 'no' } : undefined),
      onResponse: (_, { status, from }) => void seen.push(`${name} ${status} ${from}`),
      onFinish: ({ outcome }) => void seen.push(`${name} ${outcome.status}`),
    });
    const instances = { one: note('one'), two: note('two'), three: note('three') };
    const gateway = await start(t, instances, raw(responseText({ body: 'hello' })));
    const response = await exchangeOnce(t, gateway.port, get);
    assert.deepEqual([response.status, response.text], [418, 'no']);
    await gateway.record(0);
    assert.deepEqual(seen, ['two 418 reply', 'one 418 reply', 'two 418', 'one 418']);
  });
});

async function afterAWhile(): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, 5);
  });
}

function fail(): never {
  throw new Error('secret');
}
