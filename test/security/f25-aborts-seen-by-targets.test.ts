import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigInput } from '../../src/config/schema.ts';
import { eventually } from '../kit/eventually.ts';
import type { RawClient } from '../kit/raw-client.ts';
import { connectClient } from '../kit/raw-client.ts';
import type { RecordingTarget } from '../kit/recording-target.ts';
import { startRecordingTarget } from '../kit/recording-target.ts';
import { play, requestComplete, send, silent, stopReading } from '../kit/replies.ts';
import type { Script } from '../kit/replies.ts';
import { startGateway } from '../kit/start-gateway.ts';
import { calm, get, post } from './upstream-scene.ts';

/** Milliseconds within which a target hears of a client that left. */
const within = 1000;

const ways: Readonly<Record<string, (client: RawClient) => void>> = {
  resets: (client) => client.reset(),
  closes: (client) => client.destroy(),
};

/** Where an exchange is when its client leaves. */
interface Moment {
  readonly script: Script;
  readonly send: (client: RawClient) => void;
  /** What has happened by then. */
  readonly until: (target: RecordingTarget, client: RawClient) => Promise<unknown>;
}

const body = Buffer.alloc(20_000_000, 'x');
const upload = `PUT /asked HTTP/1.1\r\nHost: gw.test\r\nContent-Length: ${body.length}\r\n\r\n`;
const endless = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

const moments: Readonly<Record<string, Moment>> = {
  'before the target has answered': {
    script: silent,
    send: (client) => void client.send(post),
    until: (target) => target.request(0),
  },
  'in the middle of the head': {
    script: play(requestComplete, send('HTTP/1.1 200 OK\r\nX-A')),
    send: (client) => void client.send(get),
    until: (target) => target.request(0),
  },
  'behind interim answers': {
    script: play(requestComplete, send('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n')),
    send: (client) => void client.send(get),
    until: (_, client) => client.receivedAtLeast(10),
  },
  'in the middle of the body': {
    script: play(requestComplete, send(`${endless}5\r\nhello\r\n`)),
    send: (client) => void client.send(get),
    until: (_, client) => client.receivedAtLeast(endless.length + 10),
  },
  'in an upload that the target reads': {
    script: silent,
    send: (client) => void client.send(upload + body.toString('latin1', 0, 1000)),
    until: (target) => eventually(() => target.receivedLength > 1000, 'part of it has arrived'),
  },
  'in an upload that the target does not read': {
    script: stopReading,
    send: (client) => {
      void client.send(upload);
      void client.send(body);
    },
    until: async (target, client) => {
      await target.head(0);
      await eventually(() => client.socket.bytesWritten > upload.length, 'part of it has left');
    },
  },
  'in an upload that has been answered already': {
    script: play(send(`${endless}5\r\nhello\r\n`)),
    send: (client) => void client.send(upload + body.toString('latin1', 0, 1000)),
    until: (_, client) => client.receivedAtLeast(endless.length + 10),
  },
};

function configFor(url: string, upstream: object = {}): ConfigInput {
  return {
    ...calm,
    limits: { body: 0 },
    upstreams: { service: { targets: [url], ...upstream } },
    routes: [{ path: '/', upstream: 'service' }],
  };
}

for (const [when, moment] of Object.entries(moments)) {
  for (const [how, leave] of Object.entries(ways)) {
    test(`F25: a client that ${how} ${when} is gone for its target within a second`, async (t) => {
      const target = await startRecordingTarget(t, { keepBytes: false });
      target.next(moment.script);
      const gateway = await startGateway(t, configFor(target.url, { limits: { inFlight: 1, queue: 0 } }));
      const client = await connectClient(t, gateway.port);
      moment.send(client);
      await moment.until(target, client);
      leave(client);
      await eventually(
        () => gateway.gateway.stats.targetConnections === 0,
        'its connection is given up',
        within,
      );
      assert.equal((await gateway.record(0)).error, 'client_aborted');
      assert.equal(gateway.records.length, 1);
      const next = await connectClient(t, gateway.port);
      await next.send(get);
      assert.equal((await next.response()).text, 'OK', 'there is one place, and it is free');
      target.connections[0]?.socket.resume();
      await eventually(() => target.connections[0]?.closed === true, 'the target hears of it', within);
    });
  }
}

for (const [how, leave] of Object.entries(ways)) {
  test(`F25: a client that ${how} while it waits for a place never takes one`, async (t) => {
    const target = await startRecordingTarget(t);
    target.next(silent);
    const gateway = await startGateway(t, configFor(target.url, { limits: { inFlight: 1, queue: '1m' } }));
    const first = await connectClient(t, gateway.port);
    await first.send(get);
    await target.request(0);
    const waiting = await connectClient(t, gateway.port);
    await waiting.send(post);
    await eventually(() => gateway.gateway.stats.inFlight === 2, 'it waits');
    leave(waiting);
    assert.equal((await gateway.record(0)).error, 'client_aborted');
    first.reset();
    await gateway.record(1);
    const next = await connectClient(t, gateway.port);
    await next.send(get.replace('asked', 'next'));
    assert.equal((await next.response()).text, 'OK');
    assert.deepEqual(
      target.requests.map(({ target: path }) => path),
      ['/asked', '/next'],
    );
  });

  test(`F25: a client that ${how} while its target is being connected leaves no connection behind`, async (t) => {
    // It takes the connection, and never the handshake.
    const target = await startRecordingTarget(t);
    const gateway = await startGateway(t, configFor(target.url.replace('http:', 'https:')));
    const client = await connectClient(t, gateway.port);
    await client.send(post);
    await eventually(() => target.receivedLength > 0, 'a handshake has begun');
    leave(client);
    assert.equal((await gateway.record(0)).error, 'client_aborted');
    await eventually(() => target.openConnections.length === 0, 'the target hears of it', within);
    assert.equal(gateway.gateway.stats.targetConnections, 0);
  });
}

test('F25: a thousand clients that leave at any moment leave nothing behind', async (t) => {
  const target = await startRecordingTarget(t, { keepBytes: false });
  const gateway = await startGateway(t, configFor(target.url, { limits: { inFlight: 20, queue: '1m' } }));
  const all = Object.values(moments).filter(({ script }) => script !== stopReading);
  const leaving = Object.values(ways);
  for (let round = 0; round < 50; round++) {
    const clients = await Promise.all(Array.from({ length: 20 }, () => connectClient(t, gateway.port)));
    for (const [index, client] of clients.entries()) {
      const moment = all[(round + index) % all.length];
      if (moment === undefined) continue;
      target.next(moment.script);
      moment.send(client);
      // Some leave in the same turn, some a few turns later.
      if (index % 3 === 0) leaving[index % 2]?.(client);
      else setTimeout(() => leaving[index % 2]?.(client), index % 7);
    }
    await eventually(() => clients.every(({ socket }) => socket.destroyed), 'all have left');
  }
  await eventually(() => gateway.gateway.stats.inFlight === 0, 'every exchange has ended');
  await eventually(() => gateway.gateway.stats.clientConnections === 0, 'every connection has ended');
  await eventually(() => gateway.gateway.stats.targetConnections <= 20, 'no target connection is held');
  assert.equal(gateway.metric('waygate_requests_in_flight'), 0);
});
