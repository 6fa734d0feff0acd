import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createGateway } from '../../src/gateway/gateway.ts';
import type { Gateway, GatewayOptions } from '../../src/gateway/gateway-options.ts';
import { beforeDeadline, eventually } from '../kit/eventually.ts';
import { onFinish } from '../kit/finish.ts';
import { startRecordingTarget, type RecordingTarget } from '../kit/recording-target.ts';
import { answer, play, requestComplete, reset, send, silent } from '../kit/replies.ts';

const octets = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

/** A body that yields whatever the test says, and ends or goes on for ever. */
function streamOf(chunks: readonly unknown[], { ends = true, onCancel = (): void => undefined } = {}) {
  return new ReadableStream({
    start(controller): void {
      for (const chunk of chunks) controller.enqueue(chunk);
      if (ends) controller.close();
    },
    cancel: onCancel,
  });
}

function post(body: ReadableStream | null, headers: Readonly<Record<string, string>> = {}): Request {
  return new Request('http://gw.test/api', { method: 'POST', headers, body, duplex: 'half' });
}

async function start(
  t: TestContext,
  config: Partial<NonNullable<GatewayOptions['config']>> = {},
): Promise<{ target: RecordingTarget; gateway: Gateway }> {
  const target = await startRecordingTarget(t);
  const gateway = await createGateway({
    listen: false,
    config: {
      upstreams: { service: target.url },
      routes: [{ path: '/', upstream: 'service' }],
      overload: { eventLoopDelay: 0, memory: 0 },
      drain: { accept: 0, timeout: '30s' },
      ...config,
    },
    accessLog: false,
    logger: { debug: nothing, info: nothing, warn: nothing, error: nothing },
  });
  onFinish(t, 'gateways', () => gateway.close());
  // Whatever was tried, the next request is served, and nothing is left of those before.
  onFinish(t, 'checks', () => assert.equal(gateway.stats.inFlight, 0));
  return { target, gateway };
}

const nothing = (): void => undefined;

async function nothingUnderWay(gateway: Gateway): Promise<void> {
  await eventually(() => gateway.stats.inFlight === 0, 'nothing is under way');
}

const evil = 'GET /evil HTTP/1.1\r\nHost: evil.test\r\n\r\n';

describe('a body that is not as long as its Request says', () => {
  const bodies: Readonly<Record<string, [string, ReadableStream | null]>> = {
    'longer, in one piece': ['3', streamOf([octets(`abc${evil}`)])],
    'longer, in two pieces': ['3', streamOf([octets('abc'), octets(evil)])],
    shorter: ['100', streamOf([octets('abc')])],
    'not there': ['3', null],
  };
  for (const [what, [length, body]] of Object.entries(bodies))
    it(`is answered 400, and no connection is used again: ${what}`, async (t) => {
      const { target, gateway } = await start(t);
      const response = await gateway.handle(post(body, { 'content-length': length }));
      assert.equal(response.status, 400);
      assert.match(await response.text(), /bad_framing/);
      await nothingUnderWay(gateway);
      assert.equal(await (await gateway.handle(new Request('http://gw.test/next'))).text(), 'OK');
      assert.equal(target.requests.at(-1)?.target, '/next');
      assert.ok(target.connections.every((connection) => connection.requests.length === 1));
      assert.ok(target.connections.every((connection) => !connection.bytes.includes('evil')));
    });

  it('goes nowhere where the Request says that there is none', async (t) => {
    const { target, gateway } = await start(t);
    assert.equal(
      (await gateway.handle(post(streamOf([octets(evil)]), { 'content-length': '0' }))).status,
      200,
    );
    await gateway.handle(new Request('http://gw.test/next'));
    assert.deepEqual(
      target.requests.map((request) => request.target),
      ['/api', '/next'],
    );
    assert.deepEqual(target.irregularities, []);
  });
});

describe('a body that yields something other than octets', () => {
  const chunks = {
    'a short text, with characters of two octets': 'ää',
    'a long text, with characters of two octets': 'ä'.repeat(20_000),
    'a list of numbers of two octets': new Uint16Array([1, 2]),
    'a view': new DataView(new ArrayBuffer(4)),
    'a number': 5,
    'something with a length': { length: 5 },
  };
  for (const [what, chunk] of Object.entries(chunks))
    it(`is a TypeError, and nothing of it leaves: ${what}`, async (t) => {
      const { target, gateway } = await start(t);
      await assert.rejects(gateway.handle(post(streamOf([chunk]))), {
        name: 'TypeError',
        message: /something other than octets: it is a stream of Uint8Array/,
      });
      await nothingUnderWay(gateway);
      assert.equal((await gateway.handle(new Request('http://gw.test/next'))).status, 200);
      assert.equal(target.completeRequests.length, 1);
      assert.deepEqual(target.irregularities, []);
    });
});

describe('a body without an end', () => {
  it('is let go when the exchange takes too long', async (t) => {
    const { target, gateway } = await start(t, { timeouts: { exchange: '50ms' } });
    target.script = silent;
    const { promise, resolve } = Promise.withResolvers<void>();
    const body = streamOf([octets('a')], { ends: false, onCancel: resolve });
    assert.equal((await gateway.handle(post(body))).status, 504);
    await beforeDeadline(promise, () => 'its stream to be cancelled');
  });

  it('is let go when the service has answered without it', async (t) => {
    const { target, gateway } = await start(t);
    target.script = play(send('HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno'));
    const { promise, resolve } = Promise.withResolvers<void>();
    const body = streamOf([octets('a')], { ends: false, onCancel: resolve });
    assert.equal(await (await gateway.handle(post(body))).text(), 'no');
    await beforeDeadline(promise, () => 'its stream to be cancelled');
  });

  it('is let go when its Request is aborted, even if its stream fails to end', async (t) => {
    const { target, gateway } = await start(t);
    const { promise, resolve } = Promise.withResolvers<void>();
    const body = streamOf([octets('a')], {
      ends: false,
      onCancel: () => {
        resolve();
        throw new Error('I do not end');
      },
    });
    const stop = new AbortController();
    const asked = gateway.handle(new Request(post(body), { signal: stop.signal }));
    await target.head(0);
    stop.abort();
    await assert.rejects(asked, { name: 'AbortError' });
    await beforeDeadline(promise, () => 'its stream to be cancelled');
    await nothingUnderWay(gateway);
  });

  it('that breaks off rejects with what its stream says', async (t) => {
    const { gateway } = await start(t);
    const body = new ReadableStream({
      pull(controller): void {
        controller.error(new Error('the disk is gone'));
      },
    });
    await assert.rejects(gateway.handle(post(body)), (error: Error) => {
      assert.match(error.message, /the body of the request broke off/);
      assert.match(String(error.cause), /the disk is gone/);
      return true;
    });
    await nothingUnderWay(gateway);
  });
});

describe('headers of a Request', () => {
  it('that say how it is framed are said once: servers leave Transfer-Encoding there', async (t) => {
    const { target, gateway } = await start(t);
    const asked = post(streamOf([octets('body')]), {
      'transfer-encoding': 'Chunked',
      connection: 'keep-alive',
    });
    assert.equal((await gateway.handle(asked)).status, 200);
    const request = await target.request(0);
    assert.deepEqual(request.all('transfer-encoding'), ['chunked']);
    assert.equal(request.body.toString(), 'body');
  });

  for (const headers of [
    { 'transfer-encoding': 'chunked', 'content-length': '4' },
    { 'transfer-encoding': 'chunked, chunked' },
    { 'transfer-encoding': 'xchunked' },
    { 'content-length': '4, 4' },
    { 'content-length': '+4' },
    { 'content-length': '' },
  ])
    it(`are refused as on the wire: ${JSON.stringify(headers)}`, async (t) => {
      const { target, gateway } = await start(t);
      assert.equal((await gateway.handle(post(streamOf([octets('body')]), headers))).status, 400);
      assert.equal(target.requests.length, 0);
    });

  it('that name a hop’s own lines take away nothing of ours', async (t) => {
    const { target, gateway } = await start(t);
    const headers = {
      connection: 'x-forwarded-for, via, host, x-a',
      'x-a': '1',
      'x-forwarded-for': '6.6.6.6',
    };
    await gateway.handle(new Request('http://gw.test/', { headers }), { ip: '192.0.2.7' });
    const request = await target.request(0);
    assert.deepEqual(request.all('x-forwarded-for'), ['192.0.2.7']);
    assert.equal(request.header('x-a'), undefined);
    assert.equal(request.all('via').length, 1);
  });

  it('of another protocol are answered 426, and the service’s agreement is of no use', async (t) => {
    const { target, gateway } = await start(t);
    target.next(
      play(requestComplete, send('HTTP/1.1 101 Yes\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')),
    );
    const response = await gateway.handle(
      new Request('http://gw.test/', {
        headers: {
          connection: 'upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        },
      }),
    );
    assert.equal(response.status, 426);
    await nothingUnderWay(gateway);
    assert.equal((await gateway.handle(new Request('http://gw.test/next'))).status, 200);
  });
});

describe('the origin of a Request', () => {
  for (const ip of [
    '192.0.2.7\r\nX-Consumer: admin',
    'localhost',
    '',
    '192.0.2.7:80',
    '[::1]',
    7,
    null,
    '::1%',
    '1.2.3',
  ])
    it(`is refused where it is no address: ${JSON.stringify(ip)}`, async (t) => {
      const { target, gateway } = await start(t);
      const asked = gateway.handle(new Request('http://gw.test/'), { ip } as { ip: string });
      await assert.rejects(asked, { name: 'TypeError', message: /as the ip of a request's origin/ });
      assert.equal(target.requests.length, 0);
    });

  it('is passed on in its one spelling, without zone', async (t) => {
    const { target, gateway } = await start(t);
    await gateway.handle(new Request('http://gw.test/'), { ip: 'FE80::0001%eth0' });
    await gateway.handle(new Request('http://gw.test/'), { ip: '::ffff:192.0.2.7' });
    assert.equal((await target.request(0)).header('x-forwarded-for'), 'fe80::1');
    assert.equal((await target.request(1)).header('x-forwarded-for'), '192.0.2.7');
  });
});

describe('the URL of a Request', () => {
  it('says what its client speaks, and its Host counts before it', async (t) => {
    const { target, gateway } = await start(t);
    await gateway.handle(new Request('https://gw.test/a/../b?c#d', { headers: { host: 'other.test' } }));
    const request = await target.request(0);
    assert.equal(request.target, '/b?c');
    assert.equal(request.header('x-forwarded-proto'), 'https');
    assert.equal(request.header('x-forwarded-host'), 'other.test');
  });

  for (const url of ['ftp://gw.test/etc/passwd', 'data:text/plain,x', 'file:///etc/passwd', 'about:blank'])
    it(`is refused where it is not of HTTP: ${url}`, async (t) => {
      const { target, gateway } = await start(t);
      await assert.rejects(gateway.handle(new Request(url)), {
        name: 'TypeError',
        message: /it is of http or https/,
      });
      assert.equal(target.requests.length, 0);
    });

  for (const path of ['/a%2fb', '/a%5cb', '/%00', '/a%0d%0ab', '/%c0%af', '/%u002f'])
    it(`is refused where no path on the wire would pass: ${path}`, async (t) => {
      const { target, gateway } = await start(t);
      assert.equal((await gateway.handle(new Request(`http://gw.test${path}`))).status, 400);
      assert.equal(target.requests.length, 0);
    });
});

it('a Request whose body somebody else reads is a TypeError', async (t) => {
  const { target, gateway } = await start(t);
  const asked = post(streamOf([octets('a')]));
  asked.body?.getReader();
  await assert.rejects(gateway.handle(asked), { name: 'TypeError', message: /hand over a clone/ });
  assert.equal(target.requests.length, 0);
});

describe('answers that no Response can be', () => {
  for (const head of ['205 Reset', '204 None', '304 Same'])
    for (const body of [
      'Content-Length: 2\r\n\r\nOK',
      'Transfer-Encoding: chunked\r\n\r\n2\r\nOK\r\n0\r\n\r\n',
    ])
      it(`are passed on without body: ${head}, ${body.split(':', 1)[0]}`, async (t) => {
        const { target, gateway } = await start(t);
        target.next(play(requestComplete, send(`HTTP/1.1 ${head}\r\n${body}`)));
        const response = await gateway.handle(new Request('http://gw.test/'));
        assert.equal(response.status, Number(head.slice(0, 3)));
        assert.equal(await response.text(), '');
        assert.equal(await (await gateway.handle(new Request('http://gw.test/'))).text(), 'OK');
      });

  for (const status of ['101', '600', '999', '099'])
    it(`are 502: ${status}`, async (t) => {
      const { target, gateway } = await start(t);
      target.next(play(requestComplete, send(`HTTP/1.1 ${status} X\r\nContent-Length: 2\r\n\r\nOK`)));
      const response = await gateway.handle(new Request('http://gw.test/'));
      assert.equal(response.status, 502);
    });

  it('with three cookies keep all of them', async (t) => {
    const { target, gateway } = await start(t);
    target.script = answer({ headers: ['a=1', 'b=2', 'c=3'].map((cookie) => ['Set-Cookie', cookie]) });
    const { headers } = await gateway.handle(new Request('http://gw.test/'));
    assert.deepEqual(headers.getSetCookie(), ['a=1', 'b=2', 'c=3']);
  });

  it('that break off in their body break the Response’s off', async (t) => {
    const { target, gateway } = await start(t);
    target.next(play(requestComplete, send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'), reset));
    const response = await gateway.handle(new Request('http://gw.test/'));
    await assert.rejects(response.text());
    await nothingUnderWay(gateway);
  });
});

describe('a gateway that ends', () => {
  it('answers 503 to whoever waits, and breaks off what has begun', async (t) => {
    const { target, gateway } = await start(t);
    target.next(play(send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf')));
    target.script = silent;
    const begun = await gateway.handle(new Request('http://gw.test/begun'));
    const waits = gateway.handle(new Request('http://gw.test/waits'));
    await target.head(1);
    const closed = gateway.close();
    assert.equal((await beforeDeadline(waits, () => 'an answer')).status, 503);
    await assert.rejects(begun.text());
    await closed;
    assert.equal(gateway.stats.inFlight, 0);
    assert.equal((await gateway.handle(new Request('http://gw.test/late'))).status, 503);
  });

  it('slowly lets what is under way come to its end', async (t) => {
    const { target, gateway } = await start(t);
    const { promise: release, resolve } = Promise.withResolvers<void>();
    target.script = play(
      requestComplete,
      () => release,
      send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate'),
    );
    const waits = gateway.handle(new Request('http://gw.test/'));
    await target.head(0);
    const drained = gateway.drain();
    setImmediate(resolve);
    assert.equal(await (await waits).text(), 'late');
    await drained;
  });
});

it('a request that is aborted ends its exchange, whenever that is', async (t) => {
  const { target, gateway } = await start(t);
  target.script = play(send('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n'), requestComplete, send('half'));
  for (let turns = 0; turns < 40; turns++) {
    const stop = new AbortController();
    const asked = gateway
      .handle(new Request(post(streamOf([octets('a')])), { signal: stop.signal }))
      .then((response) => response.text());
    for (let turn = 0; turn < turns; turn++)
      await new Promise<void>((resolve) =>
        turns % 2 === 0 ? setImmediate(resolve) : queueMicrotask(resolve),
      );
    stop.abort();
    await asked.catch(nothing);
  }
  await nothingUnderWay(gateway);
  target.script = answer();
  assert.equal(await (await gateway.handle(new Request('http://gw.test/'))).text(), 'OK');
  assert.deepEqual(target.irregularities, []);
});

it('thousands of requests at once are answered, or told to come again, and nothing is left of them', async (t) => {
  const { gateway } = await start(t);
  const answers = await Promise.all(
    Array.from({ length: 6000 }, async () => {
      const response = await gateway.handle(new Request('http://gw.test/'));
      await response.text();
      return response.status;
    }),
  );
  assert.deepEqual(new Set(answers), new Set([200, 503]));
  await nothingUnderWay(gateway);
});
