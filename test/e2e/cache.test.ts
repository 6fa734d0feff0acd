import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { definePolicy } from '../../src/policy.ts';
import { cache } from '../../src/policies/cache/cache.ts';
import type { z } from '../../src/policy.ts';
import { AnswerStoreDouble } from '../kit/answer-store-double.ts';
import { eventually } from '../kit/eventually.ts';
import { connectClient, exchangeOnce, type RawClient } from '../kit/raw-client.ts';
import { startRecordingTarget, type RecordingTarget } from '../kit/recording-target.ts';
import { answer, play, requestComplete, send, type ResponseParts, type Turn } from '../kit/replies.ts';
import type { RecordedRequest } from '../kit/request-parser.ts';
import { startGateway, type TestGateway } from '../kit/start-gateway.ts';

type Options = z.input<typeof cache.options>;

interface Scene {
  readonly target: RecordingTarget;
  readonly gateway: TestGateway;
  readonly store: AnswerStoreDouble;
  /** Sends a GET, with these lines and path. */
  readonly get: (lines?: string, path?: string) => ReturnType<typeof exchangeOnce>;
}

/** A gateway that caches, before a target that answers as the test says. */
async function start(
  t: TestContext,
  options: Options,
  parts: ResponseParts | ((request: RecordedRequest) => ResponseParts),
): Promise<Scene> {
  const target = await startRecordingTarget(t, { script: answer(parts) });
  const store = new AnswerStoreDouble();
  const lent = definePolicy({
    name: 'lent-cache',
    description: 'The cache, with a store of the test.',
    options: cache.options,
    create: (written, setup) => cache.create(written, { ...setup, answers: store }),
  });
  const gateway = await startGateway(
    t,
    {
      upstreams: { service: target.url },
      routes: [{ path: '/', upstream: 'service', policies: [{ 'lent-cache': options }] }],
    },
    { policies: [lent] },
  );
  return {
    target,
    gateway,
    store,
    get: (lines = '', path = '/a') =>
      exchangeOnce(t, gateway.port, `GET ${path} HTTP/1.1\r\nHost: gw.test\r\n${lines}\r\n`),
  };
}

const fresh: ResponseParts = { headers: [['Cache-Control', 'max-age=60']], body: 'OK' };
const stale = (more = ''): ResponseParts => ({
  headers: [
    ['Cache-Control', `max-age=1${more}`],
    ['Age', '1'],
    ['ETag', '"a"'],
  ],
  body: 'OK',
});

describe('cache', () => {
  it('asks the target once for what is fresh, and says how old it is', async (t) => {
    const { target, get } = await start(t, {}, fresh);
    assert.equal((await get()).header('age'), undefined);
    const second = await get();
    assert.equal(second.text, 'OK');
    assert.equal(second.header('age'), '0');
    assert.equal(second.header('cache-control'), 'max-age=60');
    assert.equal(target.requests.length, 1);
    // HEAD is answered from it, a part too, and who has it is told so.
    assert.equal((await get('Range: bytes=1-1\r\n')).text, 'K');
    assert.equal(target.requests.length, 1);
  });

  it('keeps nothing that does not say how long it is fresh', async (t) => {
    const { target, get, store } = await start(t, {}, { headers: [['ETag', '"a"']], body: 'OK' });
    await get();
    await get();
    assert.equal(target.requests.length, 2);
    assert.equal(store.kept.size, 0);
  });

  it('keeps what it is told to keep by ttl, unless the answer forbids it', async (t) => {
    for (const [line, asked] of [
      ['', 1],
      ['no-store', 2],
      ['private', 2],
    ] as const) {
      const headers: [string, string][] = line === '' ? [] : [['Cache-Control', line]];
      const { target, get } = await start(t, { ttl: '1m' }, { headers, body: 'OK' });
      await get();
      await get();
      assert.equal(target.requests.length, asked, line);
    }
  });

  it('asks the target to confirm what is stale, on the same connection, and answers from the store', async (t) => {
    const { target, get } = await start(t, {}, (request) =>
      request.header('if-none-match') === '"a"'
        ? {
            status: 304,
            headers: [
              ['Cache-Control', 'max-age=60'],
              ['X-New', 'yes'],
            ],
          }
        : stale(),
    );
    await get();
    const second = await get('If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n');
    assert.equal(second.status, 200);
    assert.equal(second.text, 'OK');
    assert.equal(second.header('x-new'), 'yes');
    assert.equal(target.connections.length, 1);
    const third = await get('If-None-Match: "a"\r\n');
    assert.equal(third.status, 304);
    assert.equal(third.text, '');
    assert.equal(target.requests.length, 2);
  });

  it('lets a thousand simultaneous misses wait for one request, and streams to all as it arrives', async (t) => {
    const { target, gateway } = await start(t, {}, fresh);
    let go = (): void => undefined;
    const gone = new Promise<void>((resolve) => (go = resolve));
    target.script = play(
      requestComplete,
      send('HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 10\r\n\r\nhello'),
      () => gone,
      send('world'),
    );
    const clients: RawClient[] = [];
    for (let i = 0; i < 1000; i++) clients.push(await connectClient(t, gateway.port));
    for (const client of clients) await client.send('GET /a HTTP/1.1\r\nHost: gw.test\r\n\r\n');
    // The first half is there before the answer is complete.
    for (const client of clients) await client.head();
    go();
    for (const client of clients) assert.equal((await client.response()).text, 'helloworld');
    assert.equal(target.requests.length, 1);
  });

  it('lets those who wait go when the answer is for one alone', async (t) => {
    let n = 0;
    const { target, gateway } = await start(t, {}, () => ({
      headers: [['Cache-Control', 'private']],
      body: `mine ${n++}`,
    }));
    const clients: RawClient[] = [];
    for (let i = 0; i < 20; i++) clients.push(await connectClient(t, gateway.port));
    for (const client of clients) await client.send('GET /a HTTP/1.1\r\nHost: gw.test\r\n\r\n');
    const seen = new Set<string>();
    for (const client of clients) seen.add((await client.response()).text);
    assert.equal(seen.size, 20);
    assert.equal(target.requests.length, 20);
  });

  it('goes on for those who wait when the one who asked first goes away', async (t) => {
    const { target, gateway, store } = await start(t, {}, fresh);
    let go = (): void => undefined;
    const gone = new Promise<void>((resolve) => (go = resolve));
    target.script = play(
      requestComplete,
      () => gone,
      send('HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nOK'),
    );
    const first = await connectClient(t, gateway.port);
    await first.send('GET /a HTTP/1.1\r\nHost: gw.test\r\n\r\n');
    await target.request(0);
    const second = await connectClient(t, gateway.port);
    await second.send('GET /a HTTP/1.1\r\nHost: gw.test\r\n\r\n');
    await eventually(() => gateway.gateway.stats.inFlight === 2, 'both are under way');
    first.socket.destroy();
    await eventually(() => gateway.metric('waygate_connections_open') === 1, 'the first is gone');
    go();
    assert.equal((await second.response()).text, 'OK');
    assert.equal(target.requests.length, 1);
    await eventually(() => store.kept.size === 1, 'it is kept');
  });

  it('never keeps, and never serves as whole, an answer that is cut short', async (t) => {
    const { target, gateway, store } = await start(t, {}, fresh);
    target.script = play(
      requestComplete,
      send('HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 10\r\n\r\nhello'),
      ({ socket }) => void socket.destroy(),
    );
    const clients: RawClient[] = [];
    for (let i = 0; i < 5; i++) clients.push(await connectClient(t, gateway.port));
    for (const client of clients) await client.send('GET /a HTTP/1.1\r\nHost: gw.test\r\n\r\n');
    for (const client of clients) {
      const outcome = await client.outcome();
      assert.ok(
        outcome.kind === 'closed' || (outcome.kind === 'response' && outcome.response.status === 502),
      );
    }
    assert.equal(store.kept.size, 0);
  });

  it('uses what is stale while it fetches it again, once', async (t) => {
    const { target, get } = await start(t, {}, stale(', stale-while-revalidate=60'));
    await get();
    target.script = answer({
      headers: [
        ['Cache-Control', 'max-age=60'],
        ['ETag', '"b"'],
      ],
      body: 'NEW',
    });
    assert.equal((await get()).text, 'OK');
    await eventually(() => target.requests.length === 2, 'it is fetched again');
    assert.equal(target.requests[1]?.header('if-none-match'), '"a"');
    await eventually(async () => (await get()).text === 'NEW', 'the new one is used');
    assert.equal(target.requests.length, 2);
  });

  it('stands in with what is stale for a target that fails', async (t) => {
    for (const script of [
      answer({ status: 503, body: 'busy' }),
      ({ socket }: Turn) => {
        socket.destroy();
      },
    ]) {
      const { target, get } = await start(t, { staleIfError: '1m' }, stale());
      await get();
      target.script = script;
      const second = await get();
      assert.equal(second.status, 200);
      assert.equal(second.text, 'OK');
    }
  });

  it('does not stand in where the answer forbids it', async (t) => {
    const { target, get } = await start(t, { staleIfError: '1m' }, stale(', must-revalidate'));
    await get();
    target.script = answer({ status: 503, body: 'busy' });
    assert.equal((await get()).status, 503);
  });

  it('drops what is kept of a resource when that is changed', async (t) => {
    const { target, gateway, get } = await start(t, {}, fresh);
    await get();
    await exchangeOnce(t, gateway.port, 'POST /a HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 0\r\n\r\n');
    await get();
    assert.equal(target.requests.length, 3);
  });

  it('lets a body that is larger than what is kept pass, as fast as the slowest reads it', async (t) => {
    const body = 'x'.repeat(3 * 1024 * 1024);
    const { gateway, store } = await start(t, { maxSize: '64kb' }, () => ({
      headers: [['Cache-Control', 'max-age=60']],
      chunks: [body.slice(0, 1000), body.slice(1000)],
    }));
    const clients = [await connectClient(t, gateway.port), await connectClient(t, gateway.port)];
    for (const client of clients) await client.send('GET /a HTTP/1.1\r\nHost: gw.test\r\n\r\n');
    for (const client of clients) assert.equal((await client.response()).body.length, body.length);
    assert.equal(store.kept.size, 0);
  });

  it('answers only-if-cached with 504 when there is nothing', async (t) => {
    const { target, get } = await start(t, {}, fresh);
    assert.equal((await get('Cache-Control: only-if-cached\r\n')).status, 504);
    assert.equal(target.requests.length, 0);
  });

  it('says what it did, where that is wanted', async (t) => {
    const { get } = await start(t, { cacheStatus: true }, fresh);
    assert.equal((await get()).header('cache-status'), 'waygate; fwd=miss; stored; fwd-status=200');
    assert.match((await get()).header('cache-status') ?? '', /^waygate; hit; ttl=(?:59|60)$/);
  });
});
