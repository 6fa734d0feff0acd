import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '../kit/eventually.ts';
import { connectClient, type RawClient } from '../kit/raw-client.ts';
import { play, requestComplete, responseText, type Script, send, silent } from '../kit/replies.ts';
import { getOf, type SlotScene, startSlotScene, whenSlots } from '../kit/slot-scene.ts';
import { handshake, switching } from '../kit/socket-target.ts';

const post = 'POST /up HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 100\r\n\r\nhello';
const large = responseText({ body: 'x'.repeat(4_000_000) });
const half = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello';
const events = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: one\n\n';

/** An exchange that holds the slot until the test, or itself, ends it. */
interface Ending {
  readonly sent: string;
  readonly script?: Script;
  /** What is waited for before the end, when it holds its slot. */
  readonly until?: (scene: SlotScene, client: RawClient) => Promise<unknown>;
  readonly end: (client: RawClient, scene: SlotScene) => unknown;
}

const targetHasHead: Ending['until'] = (scene) => scene.target.head(0);
const headIsThere: Ending['until'] = (_scene, client) => client.head();
/** What has closed its side may still read: the gateway asks again and again whether it is there. */
const leaves = async (client: RawClient, { gateway }: SlotScene): Promise<void> => {
  client.destroy();
  await gateway.pass(1000);
};
const resets = (client: RawClient): void => client.reset();

/** Ends of exchanges that a client brings about. */
const clients: Readonly<Record<string, Ending>> = {
  'leaves before the answer': { sent: getOf('/a'), script: silent, until: targetHasHead, end: leaves },
  'resets before the answer': { sent: getOf('/a'), script: silent, until: targetHasHead, end: resets },
  'leaves in its body': { sent: post, script: silent, until: targetHasHead, end: leaves },
  'resets in its body': { sent: post, script: silent, until: targetHasHead, end: resets },
  'leaves in the answer': { sent: getOf('/a'), script: play(send(half)), until: headIsThere, end: leaves },
  'resets in the answer, of which it reads nothing': {
    sent: getOf('/a'),
    script: play(send(large)),
    until: (scene, client) => {
      client.socket.pause();
      return scene.target.request(0);
    },
    end: resets,
  },
  'leaves an event stream': {
    sent: getOf('/a'),
    script: play(send(events)),
    until: headIsThere,
    end: leaves,
  },
  'resets an event stream': {
    sent: getOf('/a'),
    script: play(send(events)),
    until: headIsThere,
    end: resets,
  },
  'leaves a WebSocket': { sent: handshake, script: play(send(switching)), until: headIsThere, end: leaves },
  'resets a WebSocket': { sent: handshake, script: play(send(switching)), until: headIsThere, end: resets },
  'leaves while a policy thinks': { sent: getOf('/never'), end: leaves },
  'leaves while a policy thinks about the answer': {
    sent: getOf('/never-later'),
    until: (scene) => scene.target.request(0),
    end: leaves,
  },
  'sends something that is no body': {
    sent: 'POST /up HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n',
    script: silent,
    until: targetHasHead,
    end: (client) => client.send('no chunk\r\n'),
  },
  'sends too much': {
    sent: 'POST /up HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n',
    script: silent,
    until: targetHasHead,
    end: (client) => client.send(`800\r\n${'x'.repeat(2048)}\r\n`),
  },
};

const farSocket = ({ target }: SlotScene) => target.connections[0]?.socket;

/** Ends of exchanges that a target brings about. */
const targets: Readonly<Record<string, Ending>> = {
  'closes instead of an answer': {
    sent: post,
    script: silent,
    until: targetHasHead,
    end: (_client, scene) => farSocket(scene)?.end(),
  },
  'resets instead of an answer': {
    sent: post,
    script: silent,
    until: targetHasHead,
    end: (_client, scene) => farSocket(scene)?.resetAndDestroy(),
  },
  'answers garbage': {
    sent: getOf('/a'),
    script: silent,
    until: targetHasHead,
    end: (_client, scene) => farSocket(scene)?.write('garbage\r\n\r\n'),
  },
  'breaks off its answer': {
    sent: getOf('/a'),
    script: play(requestComplete, send(half)),
    until: headIsThere,
    end: (_client, scene) => farSocket(scene)?.end(),
  },
  'resets in its answer': {
    sent: getOf('/a'),
    script: play(requestComplete, send(half)),
    until: headIsThere,
    end: (_client, scene) => farSocket(scene)?.resetAndDestroy(),
  },
  'ends an event stream': {
    sent: getOf('/a'),
    script: play(send(events)),
    until: headIsThere,
    end: (_client, scene) => farSocket(scene)?.end(),
  },
  'closes a WebSocket': {
    sent: handshake,
    script: play(send(switching)),
    until: headIsThere,
    end: (client, scene) => {
      farSocket(scene)?.end();
      client.halfClose();
    },
  },
  'resets a WebSocket': {
    sent: handshake,
    script: play(send(switching)),
    until: headIsThere,
    end: (_client, scene) => farSocket(scene)?.resetAndDestroy(),
  },
  'never answers, until the time is up': {
    sent: getOf('/a'),
    script: silent,
    until: targetHasHead,
    end: (_client, { gateway }) => gateway.pass(30_200),
  },
  'stops in its answer, until the time is up': {
    sent: getOf('/a'),
    script: play(requestComplete, send(half)),
    until: headIsThere,
    end: (_client, { gateway }) => gateway.pass(60_200),
  },
};

for (const [who, endings] of Object.entries({ client: clients, target: targets })) {
  for (const [what, { sent, script, until, end }] of Object.entries(endings)) {
    test(`F103: the slot comes back when a ${who} ${what}`, async (t) => {
      const scene = await startSlotScene(t);
      const client = await scene.begin(sent, script);
      await until?.(scene, client);
      await whenSlots(scene.gateway, 1);
      await end(client, scene);
      await scene.assertAllBack();
    });
  }
}

for (const [path, status] of Object.entries({
  '/throws': 500,
  '/rejects': 500,
  '/answers': 403,
  '/throws-later': 500,
  '/throws-last': 200,
})) {
  test(`F103: the slot comes back behind a policy that misbehaves at ${path}`, async (t) => {
    const scene = await startSlotScene(t);
    const client = await connectClient(t, scene.gateway.port);
    await client.send(getOf(path));
    assert.equal((await client.response()).status, status);
    await scene.assertAllBack();
  });
}

for (const path of ['/never', '/never-later']) {
  test(`F103: the slot comes back when a policy at ${path} is out of time`, async (t) => {
    const scene = await startSlotScene(t);
    const client = await scene.begin(getOf(path));
    if (path === '/never-later') await scene.target.request(0);
    await scene.gateway.pass(60_200);
    assert.equal((await client.response()).status, 500);
    await scene.assertAllBack();
  });
}

test('F103: the place in the queue comes back when its client leaves, and who came behind has it', async (t) => {
  const scene = await startSlotScene(t);
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const first = await scene.begin(
    getOf('/a'),
    play(requestComplete, () => released, send(responseText())),
  );
  await scene.target.head(0);
  for (const end of [leaves, resets]) {
    const waits = await connectClient(t, scene.gateway.port);
    await waits.send(getOf('/waits'));
    await whenSlots(scene.gateway, 1, 1);
    await end(waits, scene);
    await whenSlots(scene.gateway, 1);
  }
  const second = await connectClient(t, scene.gateway.port);
  await second.send(getOf('/second'));
  await whenSlots(scene.gateway, 1, 1);
  const refused = await connectClient(t, scene.gateway.port);
  await refused.send(getOf('/third'));
  const refusal = await refused.response();
  assert.deepEqual([refusal.status, refusal.header('retry-after')], [503, '1']);
  release();
  for (const client of [first, second]) assert.equal((await client.response()).status, 200);
  assert.deepEqual(
    scene.target.requests.map(({ target }) => target),
    ['/a', '/second'],
  );
  await scene.assertAllBack();
});

// The time in the queue is 60 s.
for (const [whose, exchange, status] of [
  ["the queue's", '90s', 503],
  ["the exchange's", '30s', 500],
] as const)
  test(`F103: what waits until ${whose} time is over gives its place back`, async (t) => {
    const scene = await startSlotScene(t, { timeouts: { exchange } });
    const first = await scene.begin(getOf('/a'), play(send(events)));
    await first.head();
    const waits = await connectClient(t, scene.gateway.port);
    await waits.send(getOf('/waits'));
    await whenSlots(scene.gateway, 1, 1);
    await scene.gateway.pass(status === 503 ? 60_200 : 30_200);
    assert.equal((await waits.response()).status, status);
    await eventually(() => scene.gateway.records.some(({ path }) => path === '/waits'), 'it is over');
    first.reset();
    await scene.assertAllBack();
  });

test('F103: the slot comes back when the time to drain is over', async (t) => {
  const scene = await startSlotScene(t, { drain: { accept: 0, timeout: '1ms' } });
  const waiting = await scene.begin(getOf('/a'), play(send(events)));
  await waiting.head();
  const queued = await connectClient(t, scene.gateway.port);
  await queued.send(getOf('/queued'));
  await whenSlots(scene.gateway, 1, 1);
  await scene.gateway.gateway.drain();
  await whenSlots(scene.gateway, 0);
});
