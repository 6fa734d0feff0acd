import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import type { BodySink } from '../../src/core/body.ts';
import { GatewayError } from '../../src/core/errors.ts';
import type { Exchange, Reply, ResponseHead } from '../../src/core/exchange.ts';
import type { BodyFeed } from '../../src/core/reply-body.ts';
import { definePolicy, z } from '../../src/policy.ts';
import { eventually } from '../kit/eventually.ts';
import { connectClient, exchangeOnce, type RawClient } from '../kit/raw-client.ts';
import type { RecordingTarget } from '../kit/recording-target.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { answer, play, requestComplete, send } from '../kit/replies.ts';
import { startGateway, type TestGateway } from '../kit/start-gateway.ts';

/** What the policy of a test does. */
interface Hooks {
  onRequest?(exchange: Exchange): Reply | undefined;
  onResponse?(exchange: Exchange, head: ResponseHead): void;
  onFinish?(exchange: Exchange): void;
}

async function start(
  t: TestContext,
  hooks: Hooks,
  more: Hooks = {},
): Promise<{ target: RecordingTarget; gateway: TestGateway }> {
  const target = await startRecordingTarget(t);
  const named = (name: string, made: Hooks) =>
    definePolicy({
      name,
      description: 'Of a test.',
      options: z.strictObject({}),
      create: () => ({ ...made }),
    });
  const gateway = await startGateway(
    t,
    {
      upstreams: { service: target.url },
      routes: [{ path: '/', upstream: 'service' }],
      policies: [{ first: {} }, { second: {} }] as never,
    },
    { policies: [named('first', hooks), named('second', more)] },
  );
  return { target, gateway };
}

/** Waits until an assertion holds. */
async function settled(assertion: () => void): Promise<void> {
  await eventually(() => {
    assertion();
    return true;
  }, String(assertion));
}

/** A feed that the test pushes into. */
class Feed implements BodyFeed {
  readonly length?: number;
  sink: BodySink | undefined;
  paused = 0;
  resumed = 0;
  cancelled = 0;

  constructor(length?: number) {
    if (length !== undefined) this.length = length;
  }

  start(sink: BodySink) {
    this.sink = sink;
    return {
      pause: () => void this.paused++,
      resume: () => void this.resumed++,
      cancel: () => void this.cancelled++,
    };
  }
}

const get = 'GET / HTTP/1.1\r\nHost: gw.test\r\n\r\n';

/** Sends a request on a connection of its own. */
async function begin(t: TestContext, { port }: TestGateway, request: string = get): Promise<RawClient> {
  const client = await connectClient(t, port);
  await client.send(request);
  return client;
}

/** A gateway that answers with a feed, and a client whom it has begun to answer. */
async function startFeeding(t: TestContext, feed: Feed = new Feed()) {
  const { gateway } = await start(t, { onRequest: () => ({ status: 200, body: feed }) });
  const client = await begin(t, gateway);
  await settled(() => assert.ok(feed.sink));
  return { feed, gateway, client };
}

/** A client goes away, and the gateway notices. */
async function leave({ socket }: RawClient, gateway: TestGateway): Promise<void> {
  socket.destroy();
  await settled(() => assert.equal(gateway.metric('waygate_connections_open'), 0));
}

describe('an answer that comes as it is made', () => {
  it('is sent with its length, or else in chunks', async (t) => {
    for (const length of [10, undefined]) {
      const { feed, gateway, client } = await startFeeding(t, new Feed(length));
      feed.sink?.write(Buffer.from('hello'));
      feed.sink?.write(Buffer.from('world'));
      feed.sink?.end();
      const response = await client.response();
      assert.equal(response.text, 'helloworld');
      assert.equal(response.header('content-length'), length === undefined ? undefined : '10');
      assert.equal(response.header('transfer-encoding'), length === undefined ? 'chunked' : undefined);
      // The connection goes on, and what a feed says behind its end is not heard on it.
      feed.sink?.write(Buffer.from('late'));
      feed.sink?.end();
      await settled(() => assert.equal(gateway.records.length, 1));
    }
  });

  it('is paused for a client that does not read, and goes on when it does', async (t) => {
    const { feed, client } = await startFeeding(t);
    client.socket.pause();
    const chunk = Buffer.alloc(64 * 1024);
    let sent = 0;
    while (feed.sink?.write(chunk) === true && sent < 1000) sent++;
    assert.ok(sent < 1000, 'the feed is told to wait');
    assert.equal(feed.resumed, 0);
    client.socket.resume();
    await settled(() => assert.ok(feed.resumed > 0));
    feed.sink?.end();
    assert.equal((await client.response({ discardBody: true })).status, 200);
  });

  it('is cancelled when the client goes away', async (t) => {
    const { feed, gateway, client } = await startFeeding(t);
    client.socket.destroy();
    await settled(() => assert.equal(feed.cancelled, 1));
    assert.equal(feed.sink?.write(Buffer.from('x')), true);
    assert.equal((await gateway.record(0)).error, 'client_aborted');
  });

  it('is never started for a HEAD, whose answer says how long it would be', async (t) => {
    const feed = new Feed(10);
    const { gateway } = await start(t, { onRequest: () => ({ status: 200, body: feed }) });
    const response = await exchangeOnce(t, gateway.port, get.replace('GET', 'HEAD'), { to: 'HEAD' });
    assert.equal(response.header('content-length'), '10');
    assert.equal(feed.sink, undefined);
  });

  it('that breaks off is broken off for the client too', async (t) => {
    const { feed, gateway, client } = await startFeeding(t);
    feed.sink?.write(Buffer.from('half'));
    feed.sink?.abort(new GatewayError('upstream_body_broken', 'half'));
    assert.equal((await client.outcome()).kind, 'closed');
    assert.equal((await gateway.record(0)).error, 'upstream_body_broken');
  });
});

describe('an answer that takes the place of another', () => {
  const stored: Hooks = {
    onResponse(_exchange, head) {
      head.status = 200;
      head.headers.set('X-Stored', 'yes');
      head.body = 'stored';
    },
  };

  it('of a 304, whose connection is of use afterwards', async (t) => {
    const { gateway, target } = await start(t, stored);
    target.script = answer({ status: 304, headers: [['ETag', '"a"']] });
    const client = await connectClient(t, gateway.port);
    for (let i = 0; i < 3; i++) {
      await client.send(get);
      const response = await client.response();
      assert.equal(response.status, 200);
      assert.equal(response.text, 'stored');
      assert.equal(response.header('etag'), '"a"');
      assert.equal(response.header('content-length'), '6');
    }
    assert.equal(target.connections.length, 1);
  });

  it('of an answer with a body, of which nothing reaches the client', async (t) => {
    const { gateway, target } = await start(t, stored);
    target.script = answer({ status: 500, body: 'broken'.repeat(50_000) });
    for (let i = 0; i < 3; i++) {
      const response = await exchangeOnce(t, gateway.port, get);
      assert.equal(response.text, 'stored');
    }
  });

  it('of an error of the gateway', async (t) => {
    const { gateway, target } = await start(t, stored);
    target.script = ({ socket }) => void socket.destroy();
    const response = await exchangeOnce(
      t,
      gateway.port,
      get.replace('GET', 'POST').replace('\r\n\r\n', '\r\nContent-Length: 0\r\n\r\n'),
    );
    assert.equal(response.status, 200);
    assert.equal(response.text, 'stored');
  });

  it('of a reply, and has no body for a HEAD', async (t) => {
    const { gateway } = await start(t, { ...stored, onRequest: () => ({ status: 404, body: 'no' }) });
    const response = await exchangeOnce(t, gateway.port, get.replace('GET', 'HEAD'), { to: 'HEAD' });
    assert.equal(response.status, 200);
    assert.equal(response.header('content-length'), '6');
  });
});

describe('an exchange that outlives its client', () => {
  /** A gateway whose exchanges outlive their clients, and what a stage of it sees. */
  async function startLasting(t: TestContext) {
    const seen: string[] = [];
    const hooks: Hooks = {
      onRequest(exchange) {
        exchange.outliveClient();
        exchange.wrapResponseBody((next) => ({
          write(chunk) {
            seen.push(Buffer.from(chunk).toString());
            return next.write(chunk);
          },
          end(trailers) {
            seen.push('end');
            next.end(trailers);
          },
          abort(error) {
            seen.push(`abort ${error.code}`);
            next.abort(error);
          },
        }));
        return undefined;
      },
      onFinish: ({ outcome }) => void seen.push(`finish ${outcome.error?.code}`),
    };
    return { seen, ...(await start(t, hooks)) };
  }

  it('that leaves before the answer: stages see all of it', async (t) => {
    const { seen, gateway, target } = await startLasting(t);
    const { promise: gone, resolve: go } = Promise.withResolvers<void>();
    target.script = play(
      requestComplete,
      () => gone,
      send('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello'),
    );
    const client = await begin(t, gateway);
    await target.request(0);
    await leave(client, gateway);
    assert.deepEqual(seen, []);
    go();
    await settled(() => assert.deepEqual(seen, ['hello', 'end', 'finish client_aborted']));
  });

  it('that leaves in the middle of the answer: stages see all of it', async (t) => {
    const { seen, gateway, target } = await startLasting(t);
    const { promise: gone, resolve: go } = Promise.withResolvers<void>();
    target.script = play(
      requestComplete,
      send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'),
      () => gone,
      send('world'),
    );
    const client = await begin(t, gateway);
    await client.head();
    await settled(() => assert.deepEqual(seen, ['hello']));
    await leave(client, gateway);
    go();
    await settled(() => assert.deepEqual(seen, ['hello', 'world', 'end', 'finish client_aborted']));
  });

  it('whose target breaks off all the same: stages hear of it', async (t) => {
    const { seen, gateway, target } = await startLasting(t);
    const { promise: gone, resolve: go } = Promise.withResolvers<void>();
    target.script = play(
      requestComplete,
      send('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'),
      () => gone,
      ({ socket }) => void socket.destroy(),
    );
    const client = await begin(t, gateway);
    await settled(() => assert.deepEqual(seen, ['hello']));
    await leave(client, gateway);
    go();
    await settled(() => assert.match(seen.join(), /^hello,abort \w+,finish client_aborted$/));
  });

  it('ends with the gateway', async (t) => {
    const { seen, gateway, target } = await startLasting(t);
    target.script = () => undefined;
    const client = await begin(t, gateway);
    await target.request(0);
    await leave(client, gateway);
    assert.deepEqual(seen, []);
    assert.equal(gateway.gateway.stats.inFlight, 1);
    await gateway.gateway.close();
    assert.deepEqual(seen, ['finish client_aborted']);
  });

  it('with a request body is broken off with its client', async (t) => {
    const { seen, gateway, target } = await startLasting(t);
    target.script = () => undefined;
    const client = await begin(t, gateway, 'PUT / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 2\r\n\r\nok');
    await target.request(0);
    client.socket.destroy();
    await settled(() => assert.deepEqual(seen, ['finish client_aborted']));
    await settled(() => assert.equal(target.connections[0]?.closed, true));
  });
});

describe('an exchange in the background', () => {
  it('goes through the policies behind the one that began it, and its answer through that one too', async (t) => {
    const seen: string[] = [];
    const marker = Symbol('mark');
    const { gateway, target } = await start(
      t,
      {
        onRequest(exchange) {
          seen.push('first asked');
          exchange.consumer = { id: 'ann' };
          exchange.startBackground((other) => {
            other.state.set(marker, 'yes');
            other.request.headers.set('If-None-Match', '"a"');
          });
          return { status: 200, body: 'stale' };
        },
        onResponse(exchange, head) {
          if (exchange.background)
            seen.push(`first ${head.status} ${String(exchange.state.get(marker))} ${exchange.consumer?.id}`);
        },
        onFinish: ({ background, outcome }) => void seen.push(`first finish ${background} ${outcome.status}`),
      },
      { onRequest: () => void seen.push('second asked'), onResponse: () => void seen.push('second answers') },
    );
    target.script = answer({ status: 304 });
    const response = await exchangeOnce(t, gateway.port, get);
    assert.equal(response.text, 'stale');
    await settled(() =>
      assert.deepEqual(seen.toSorted(), [
        'first 304 yes ann',
        'first asked',
        'first finish false 200',
        'first finish true 304',
        'second answers',
        'second asked',
      ]),
    );
    const request = await target.request(0);
    assert.equal(request.header('if-none-match'), '"a"');
    assert.equal(request.header('host'), `127.0.0.1:${target.port}`);
    // It is nobody's request: no access log, no count.
    assert.equal(gateway.records.length, 1);
    assert.equal(gateway.metric('waygate_requests_total'), 1);
  });

  it('fails for itself alone', async (t) => {
    const seen: string[] = [];
    const { gateway, target } = await start(t, {
      onRequest(exchange) {
        exchange.startBackground(() => undefined);
        return { status: 200, body: 'stale' };
      },
      onFinish: ({ background, outcome }) => {
        if (background) seen.push(`${outcome.error?.code}`);
      },
    });
    target.script = ({ socket }) => void socket.destroy();
    assert.equal((await exchangeOnce(t, gateway.port, get)).text, 'stale');
    await settled(() => assert.equal(seen.length, 1));
    assert.match(seen[0] ?? '', /^upstream_/);
  });
});
