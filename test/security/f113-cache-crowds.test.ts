import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { definePolicy, z } from '../../src/policy.ts';
import type { cache } from '../../src/policies/cache/cache.ts';
import { eventually } from '../kit/eventually.ts';
import { connectClient, exchangeOnce, type RawClient } from '../kit/raw-client.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer, type ResponseParts, type Script } from '../kit/replies.ts';
import { startGateway } from '../kit/start-gateway.ts';

const fresh: ResponseParts = { headers: [['Cache-Control', 'max-age=60']], body: 'OK' };

describe('F113: a crowd before the cache', () => {
  it('is let go one request at a time, though one among it had credentials', async (t) => {
    const { target, ask, release } = await start(t, fresh);
    await ask('Authorization: Bearer a\r\n');
    await target.request(0);
    const crowd = await Promise.all(Array.from({ length: 20 }, () => ask()));
    await eventually(() => target.requests.length === 2, 'one more asks for all others');
    release();
    for (const client of crowd) assert.equal((await client.response()).text, 'OK');
    assert.equal(target.requests.length, 2);
  });

  it('asks once for each variant', async (t) => {
    const { target, ask, release } = await start(t, {
      headers: [
        ['Cache-Control', 'max-age=60'],
        ['Vary', 'X-Tenant'],
      ],
      body: 'OK',
    });
    const crowd: RawClient[] = [];
    for (let i = 0; i < 30; i++) crowd.push(await ask(`X-Tenant: ${i % 6}\r\n`));
    await target.request(0);
    release();
    for (const client of crowd) assert.equal((await client.response()).text, 'OK');
    assert.equal(target.requests.length, 6);
  });

  it('is not held up by one who leaves while waiting', async (t) => {
    const { target, ask, release, gateway } = await start(t, { status: 500, body: 'no' });
    const leader = await ask();
    await target.request(0);
    const gone = await ask();
    await eventually(() => gateway.gateway.stats.inFlight === 2, 'both wait');
    gone.socket.destroy();
    await eventually(() => gateway.gateway.stats.inFlight === 1, 'one is gone');
    release();
    assert.equal((await leader.response()).status, 500);
    // Had the one that is gone begun a fetch, this would wait for it.
    const next = await exchangeOnce(t, gateway.port, 'GET /a HTTP/1.1\r\nHost: gw.test\r\n\r\n', {
      within: 2000,
    });
    assert.equal(next.status, 500);
    assert.equal(target.requests.length, 2);
  });

  it('gets no cookie that came to one of it with a confirmation', async (t) => {
    const stale: ResponseParts = {
      headers: [
        ['Cache-Control', 'max-age=1'],
        ['Age', '1'],
        ['ETag', '"a"'],
      ],
      body: 'OK',
    };
    const { target, ask, release, gateway } = await start(t, stale);
    release();
    await exchangeOnce(t, gateway.port, 'GET /a HTTP/1.1\r\nHost: gw.test\r\n\r\n');
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    let confirmed = 0;
    target.script = after(gate, (turn) => {
      const cookie: [string, string] = ['Set-Cookie', `session=${confirmed++}`];
      return answer({ status: 304, headers: [['ETag', '"a"'], cookie] })(turn);
    });
    const crowd: RawClient[] = [];
    for (let i = 0; i < 5; i++) crowd.push(await ask());
    await target.request(1);
    go();
    const cookies = new Set<string | undefined>();
    for (const client of crowd) {
      const response = await client.response();
      assert.equal(response.text, 'OK');
      cookies.add(response.header('set-cookie'));
    }
    assert.equal(cookies.size, 5, 'each has one of its own');
  });

  it('does not keep a target sending what nobody wants any more', async (t) => {
    for (const [control, maxSize] of [
      ['private', '1mb'],
      ['max-age=60', '1kb'],
    ] as const) {
      const { target, gateway, ask } = await start(t, fresh, { maxSize });
      target.script = ({ socket }) => {
        socket.write(`HTTP/1.1 200 OK\r\nCache-Control: ${control}\r\nTransfer-Encoding: chunked\r\n\r\n`);
        const more = setInterval(() => socket.write(`3e8\r\n${'x'.repeat(1000)}\r\n`), 5);
        socket.on('close', () => {
          clearInterval(more);
        });
      };
      const client = await ask();
      await client.head();
      await eventually(() => client.receivedLength > 5000, 'it receives some of it');
      client.socket.destroy();
      await eventually(() => gateway.gateway.stats.inFlight === 0, `the exchange ends: ${control}`);
      await eventually(() => target.openConnections.length === 0, 'so does the connection to the target');
    }
  });
});

describe('F121: an answer of somebody else', () => {
  it('is not given where each consumer has its own, and nobody knows who is asking', async (t) => {
    const { target, gateway, release } = await start(t, fresh, { perConsumer: true });
    release();
    const get = 'GET /a HTTP/1.1\r\nHost: gw.test\r\nAuthorization: Bearer ';
    for (const user of ['a', 'b']) await exchangeOnce(t, gateway.port, `${get}${user}\r\n\r\n`);
    assert.equal(target.requests.length, 2);
  });

  it('is not given on the word of a header that the gateway writes', async (t) => {
    const { target, gateway, release } = await start(t, {
      headers: [
        ['Cache-Control', 'public, max-age=60'],
        ['Vary', 'X-Forwarded-For'],
      ],
      body: 'OK',
    });
    release();
    for (let i = 0; i < 2; i++)
      await exchangeOnce(t, gateway.port, 'GET /a HTTP/1.1\r\nHost: gw.test\r\n\r\n');
    assert.equal(target.requests.length, 2);
  });
});

describe('F121: an answer whose consumer is known only behind the cache', () => {
  it('is not given to others, unless its service says that it is for all', async (t) => {
    const who = definePolicy({
      name: 'who',
      description: 'Believes a header.',
      options: z.strictObject({}),
      create: () => ({
        onRequest: (exchange) => {
          exchange.consumer = { id: exchange.request.headers.get('x-me') ?? '' };
        },
      }),
    });
    for (const [control, asked] of [
      ['max-age=60', 2],
      ['public, max-age=60', 1],
    ] as const) {
      const headers: [string, string][] = [['Cache-Control', control]];
      const target = await startRecordingTarget(t, { script: answer({ headers, body: 'OK' }) });
      const { port } = await startGateway(
        t,
        {
          upstreams: { service: target.url },
          routes: [{ path: '/', upstream: 'service', policies: [{ cache: {} }, { who: {} }] }],
        },
        { policies: [who] },
      );
      for (const user of ['a', 'b'])
        await exchangeOnce(t, port, `GET /a HTTP/1.1\r\nHost: gw.test\r\nX-Me: ${user}\r\n\r\n`);
      assert.equal(target.requests.length, asked, control);
    }
  });
});

describe('F111: an answer to the headers of one request', () => {
  it('is not kept for those who send none of them', async (t) => {
    const { target, gateway, release } = await start(t, fresh);
    release();
    const get = 'GET /a HTTP/1.1\r\nHost: gw.test\r\n';
    target.next(answer({ ...fresh, status: 416 }), answer({ ...fresh, body: 'other' }));
    const lines = ['Range: bytes=99-\r\n', 'X-HTTP-Method-Override: DELETE\r\n', '', ''];
    const seen: string[] = [];
    for (const line of lines) seen.push((await exchangeOnce(t, gateway.port, `${get}${line}\r\n`)).text);
    assert.deepEqual(seen, ['OK', 'other', 'OK', 'OK']);
    assert.equal(target.requests.length, 3);
  });
});

/** A gateway with the cache before a target that answers nothing before it is released. */
async function start(t: TestContext, parts: ResponseParts, options: z.input<typeof cache.options> = {}) {
  const { promise, resolve: release } = Promise.withResolvers<void>();
  const target = await startRecordingTarget(t, { script: after(promise, answer(parts)) });
  const gateway = await startGateway(t, {
    upstreams: { service: target.url },
    routes: [{ path: '/', upstream: 'service', policies: [{ cache: options }] }],
  });
  const ask = async (lines = ''): Promise<RawClient> => {
    const client = await connectClient(t, gateway.port);
    await client.send(`GET /a HTTP/1.1\r\nHost: gw.test\r\n${lines}\r\n`);
    return client;
  };
  return { target, gateway, ask, release };
}

function after(gate: Promise<void>, script: Script): Script {
  return async (turn) => {
    await gate;
    await script(turn);
  };
}
