import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import type { RawClient } from '../kit/raw-client.ts';
import { play, responseText, send, silent } from '../kit/replies.ts';
import type { Script } from '../kit/replies.ts';
import { startFramingScene } from './framing-scene.ts';
import type { FramingScene } from './framing-scene.ts';

/** Milliseconds within which a target learns that its client is gone. */
const cancelledWithin = 1000;

interface Phase {
  /** What the client has sent when it leaves. */
  readonly sent: string;
  readonly script?: Script;
  /** What has happened by then. */
  readonly until: (scene: FramingScene, client: RawClient) => Promise<unknown>;
  /** Whether a target has heard of the request by then. */
  readonly begun: boolean;
}

const post = 'POST /up HTTP/1.1\r\nHost: gw.test\r\n';
const get = 'GET /down HTTP/1.1\r\nHost: gw.test\r\n\r\n';
const large = responseText({ body: 'x'.repeat(100_000) });

const connected: Phase['until'] = (scene) =>
  eventually(() => scene.gateway.gateway.stats.clientConnections > 0, 'the connection is there');
const targetHasHead: Phase['until'] = (scene) => scene.target.head(0);

const phases: Readonly<Record<string, Phase>> = {
  'before a word': { sent: '', until: connected, begun: false },
  'in the request line': { sent: 'GET /do', until: connected, begun: false },
  'in the head': { sent: 'GET /down HTTP/1.1\r\nHost: gw', until: connected, begun: false },
  'in a body of known length': {
    sent: `${post}Content-Length: 100\r\n\r\nhello`,
    until: targetHasHead,
    begun: true,
  },
  'in a chunk': {
    sent: `${post}Transfer-Encoding: chunked\r\n\r\n64\r\nhello`,
    until: targetHasHead,
    begun: true,
  },
  'before the last chunk': {
    sent: `${post}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n`,
    until: targetHasHead,
    begun: true,
  },
  'waiting for an answer': {
    sent: get,
    script: silent,
    until: (scene) => scene.target.request(0),
    begun: true,
  },
  'waiting, with another request behind': {
    sent: get + get,
    script: silent,
    until: (scene) => scene.target.request(0),
    begun: true,
  },
  'having a 100': {
    sent: `${post}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`,
    until: (_scene, client) => client.receivedAtLeast(20),
    begun: true,
  },
  'in the head of the answer': {
    sent: get,
    script: play(send('HTTP/1.1 200 OK\r\nX-A')),
    until: (scene) => scene.target.request(0),
    begun: true,
  },
  'in the body of the answer': {
    sent: get,
    script: play(send(large.slice(0, 50_000))),
    until: (_scene, client) => client.receivedAtLeast(10_000),
    begun: true,
  },
  'in an answer without end': {
    sent: get,
    script: play(send('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n')),
    until: (_scene, client) => client.receivedAtLeast(50),
    begun: true,
  },
};

for (const [name, { sent, script, until, begun }] of Object.entries(phases)) {
  test(`F25: a client that resets ${name} frees everything within a second`, async (t) => {
    const scene = await startFramingScene(t);
    if (script !== undefined) scene.target.next(script);
    const client = await scene.connect();
    await client.send(sent);
    await until(scene, client);
    client.reset();
    const { gateway } = scene.gateway;
    await eventually(
      () => gateway.stats.inFlight === 0 && gateway.stats.clientConnections === 0,
      () => `the exchange ends: ${JSON.stringify(gateway.stats)}`,
      cancelledWithin,
    );
    if (begun) {
      await eventually(
        () => scene.target.connections[0]?.ended !== undefined,
        'the target sees it',
        cancelledWithin,
      );
      const record = await scene.gateway.record(0);
      assert.equal(record.error, 'client_aborted');
    } else {
      assert.equal(scene.target.connections.length, 0);
    }
    await scene.assertNextClientServed();
  });
}

test('F25: a hundred clients that reset at once leave nothing behind', async (t) => {
  const scene = await startFramingScene(t);
  scene.target.next(...Array.from({ length: 100 }, () => silent));
  const clients = await Promise.all(Array.from({ length: 100 }, () => scene.connect()));
  await Promise.all(clients.map((client) => client.send(get)));
  await eventually(() => scene.target.requests.length === 100, 'all of them are at the target');
  for (const client of clients) client.reset();
  const { gateway } = scene.gateway;
  await eventually(() => gateway.stats.inFlight === 0, 'no exchange is left', cancelledWithin);
  await eventually(
    () => scene.target.connections.every(({ ended }) => ended !== undefined),
    'the target sees it',
    cancelledWithin,
  );
  await scene.assertNextClientServed();
});
