import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { Exchange } from '../../src/core/exchange.ts';
import { eventually } from '../kit/eventually.ts';
import { misbehaving, type Untyped } from '../kit/misbehaving-policy.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer, play, requestComplete, reset } from '../kit/replies.ts';
import { startGateway } from '../kit/start-gateway.ts';

const get = 'GET /bad HTTP/1.1\r\nHost: a\r\n\r\n';
const post = 'POST /bad HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi';
const smuggled = ' HTTP/1.1\r\nHost: a\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a';

/** Written as a program without types does it. */
const set = (object: object, name: string, value: unknown): void => void Reflect.set(object, name, value);

async function startScene(t: TestContext, instance: Untyped, { limits = {} } = {}) {
  const target = await startRecordingTarget(t);
  const gateway = await startGateway(
    t,
    {
      upstreams: { service: { targets: [target.url], ...limits } },
      identity: { headers: { 'X-Consumer': '${consumer.id}' } },
      routes: [
        { name: 'bad', path: '/bad', upstream: 'service', policies: [{ misbehaves: {} }, { guard: {} }] },
        { name: 'good', path: '/good', upstream: 'service' },
      ],
    },
    { policies: [misbehaving(instance), misbehaving({}, 'guard')], expectErrors: true },
  );
  return { target, gateway };
}

describe('a policy that makes of the request what no client could have sent', () => {
  const edits: Readonly<Record<string, (exchange: Exchange) => void>> = {
    'a query with a line break': ({ request }) => set(request, 'query', `a${smuggled}`),
    'a query with a space': ({ request }) => set(request, 'query', 'a b'),
    'a query with a fragment': ({ request }) => set(request, 'query', 'a#b'),
    'a query that is a number': ({ request }) => set(request, 'query', 5),
    'a query beyond latin1': ({ request }) => set(request, 'query', 'a=\u010d\u010a'),
    'another method': ({ request }) => set(request, 'method', 'DELETE'),
    'a method with a line break': ({ request }) => set(request, 'method', `GET /x${smuggled}\r\nX-A: `),
    'another path': ({ request }) => set(request, 'path', '/good'),
    'another host': ({ request }) => set(request, 'host', 'a\r\nX-Evil: 1'),
    'another version': ({ request }) => set(request, 'httpVersion', '1.1\r\nX-Evil: 1'),
    'a body where there is none, or none where there is': ({ request }) => {
      set(request, 'hasBody', !request.hasBody);
    },
    'another length': ({ request }) => set(request, 'contentLength', 30),
    'a change of protocol': ({ request }) => set(request, 'upgrade', 'websocket'),
    'other headers': ({ request }) =>
      set(request, 'headers', { serialize: () => 'X-Evil: 1\r\n', get: () => undefined }),
    'another request': (exchange) => set(exchange, 'request', { ...exchange.request, method: 'DELETE' }),
  };
  for (const [what, edit] of Object.entries(edits))
    for (const request of [get, post])
      it(`costs its exchange a 500, is named, and nothing of it gets out: ${what}, ${request.slice(0, 4)}`, async (t) => {
        const { target, gateway } = await startScene(t, { onRequest: edit });
        const client = await connectClient(t, gateway.port);
        await client.send(request);
        assert.equal((await client.response()).status, 500);
        const { error } = await gateway.record(0);
        assert.equal(error, 'policy_failed');
        assert.equal(target.requests.length, 0);
        assert.equal((await exchangeOnce(t, gateway.port, get.replace('bad', 'good'))).text, 'OK');
        assert.deepEqual(target.irregularities, []);
      });
});

it('a policy that makes another client of the one that there is changes nothing for the next request', async (t) => {
  const { target, gateway } = await startScene(t, {
    onRequest: ({ client }) => {
      set(client, 'ip', '6.6.6.6');
      set(client, 'scheme', 'https');
    },
  });
  const client = await connectClient(t, gateway.port);
  for (const request of [get, get.replace('bad', 'good'), get]) {
    await client.send(request);
    await client.response();
  }
  for (const request of target.requests) {
    assert.equal(request.header('x-real-ip'), '127.0.0.1');
    assert.equal(request.header('x-forwarded-proto'), 'http');
  }
  const records = [await gateway.record(0), await gateway.record(1)];
  assert.equal(records[1]?.clientIp, '127.0.0.1');
});

describe('a policy that changes the request after all of them have been asked', () => {
  const late = ({ request }: Exchange): void => {
    request.headers.set('X-Consumer', 'root');
    request.headers.set('Content-Length', '0');
    request.headers.set('X-Evil', 'a\r\nX-Evil: b');
    set(request, 'query', `a${smuggled}`);
    set(request, 'method', 'DELETE');
  };

  it('changes nothing of what is sent again', async (t) => {
    let kept: Exchange | undefined;
    const { target, gateway } = await startScene(t, {
      onRequest: (exchange) => {
        kept = exchange;
      },
    });
    target.next(play(requestComplete, () => kept && late(kept), reset));
    target.script = answer();
    const client = await connectClient(t, gateway.port);
    await client.send(get);
    assert.equal((await client.response()).status, 200);
    assert.equal(target.requests.length, 2);
    const [first, second] = target.requests;
    assert.deepEqual(second?.headers, first?.headers);
    assert.equal(second?.method, 'GET');
    assert.equal(second?.target, '/bad');
    assert.deepEqual(target.irregularities, []);
  });

  it('changes nothing of what waits for its turn', async (t) => {
    const kept: Exchange[] = [];
    const { target, gateway } = await startScene(
      t,
      { onRequest: (exchange) => void kept.push(exchange) },
      { limits: { limits: { inFlight: 1, queue: '20s' } } },
    );
    const { promise: release, resolve } = Promise.withResolvers<void>();
    target.next(async (turn) => {
      await release;
      await answer()(turn);
    });
    const clients = [await connectClient(t, gateway.port), await connectClient(t, gateway.port)] as const;
    await clients[0].send(post);
    await target.request(0);
    await clients[1].send(post);
    await eventually(() => kept.length === 2, 'the second is asked about');
    if (kept[1] !== undefined) late(kept[1]);
    resolve();
    assert.equal((await clients[0].response()).status, 200);
    assert.equal((await clients[1].response()).status, 200);
    const [first, second] = target.requests;
    assert.deepEqual(second?.headers, first?.headers);
    assert.equal(second?.body.toString(), 'hi');
    assert.equal(second?.method, 'POST');
    assert.deepEqual(target.irregularities, []);
  });
});
