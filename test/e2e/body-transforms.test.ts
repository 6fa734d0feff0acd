import assert from 'node:assert/strict';
import { type Duplex, PassThrough } from 'node:stream';
import type { Transformer } from 'node:stream/web';
import { describe, it } from 'node:test';
import type { BodyStage } from '../../src/core/body.ts';
import { nodeStreamStage, webStreamStage } from '../../src/core/body-streams.ts';
import { eventually } from '../kit/eventually.ts';
import { failuresOf, linesAbout, startScene, type Untyped } from '../kit/misbehaving-policy.ts';
import { connectClient, exchangeOnce } from '../kit/raw-client.ts';
import { answer, raw, type Script } from '../kit/replies.ts';
import type { TestGateway } from '../kit/start-gateway.ts';

const get = 'GET /bad HTTP/1.1\r\nHost: a\r\n\r\n';
const head = 'POST /bad HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
const post = `${head}5\r\nhello\r\n0\r\n\r\n`;

type Side = 'request' | 'response';

function wrap(side: Side, stage: BodyStage): Untyped {
  if (side === 'request')
    return {
      onRequest: (exchange) => {
        exchange.wrapRequestBody(stage);
      },
    };
  return {
    onResponse: (exchange, { headers }) => {
      headers.delete('content-length');
      exchange.wrapResponseBody(stage);
    },
  };
}

const web = (transformer: Transformer<Uint8Array, Uint8Array>): BodyStage =>
  webStreamStage(() => new TransformStream(transformer));

const boom = (): never => {
  throw new Error('secret');
};

const node = (implementation: object): BodyStage =>
  nodeStreamStage(() => Object.assign(new PassThrough(), implementation));

const broken: Readonly<Record<string, BodyStage>> = {
  'a web stream that cannot be made': webStreamStage(boom),
  'a web stream whose start throws': web({ start: boom }),
  'a web stream whose transform throws': web({ transform: boom }),
  'a web stream whose flush throws': web({ flush: boom }),
  'a web stream whose transform rejects': web({ transform: async () => Promise.reject(new Error('secret')) }),
  'a web stream that pushes a text': web({
    transform: (_, controller) => {
      Reflect.apply(Reflect.get(controller, 'enqueue') as () => void, controller, ['text']);
    },
  }),
  'a web stream that is none': webStreamStage(() => Object.create(null) as TransformStream),
  'a Node stream that cannot be made': nodeStreamStage(boom),
  'a Node stream whose transform throws': node({ _transform: boom }),
  'a Node stream whose transform fails': node({
    _transform: (_chunk: unknown, _encoding: string, done: (error: Error) => void) => {
      done(new Error('secret'));
    },
  }),
  'a Node stream that is destroyed': nodeStreamStage(() => new PassThrough().destroy()),
  'a Node stream that is none': nodeStreamStage(() => Object.create(null) as Duplex),
};

for (const side of ['request', 'response'] as const) {
  describe(`a transform of the body of a ${side}`, () => {
    for (const [what, stage] of Object.entries(broken)) {
      it(`by ${what} costs its exchange, is named and counted, and costs nobody else anything`, async (t) => {
        const scene = await startScene(t, wrap(side, stage));
        const client = await connectClient(t, scene.port);
        await client.send(post);
        const outcome = await client.outcome();
        // Never a whole answer: replaced, or cut off when some of it has left.
        assert.ok(
          outcome.kind === 'closed' || (outcome.kind === 'response' && outcome.response.status === 500),
          JSON.stringify(outcome),
        );
        const { error, policy } = await scene.record(0);
        assert.deepEqual([error, policy], ['policy_failed', 'misbehaves']);
        assert.equal(linesAbout(scene).length, 1);
        assert.equal(failuresOf(scene, 'threw') + failuresOf(scene, 'nonsense'), 1);
        assert.equal((await exchangeOnce(t, scene.port, get.replace('/bad', '/good'))).text, 'OK');
      });
    }

    it('by a slow web stream arrives whole', async (t) => {
      const slow = web({
        transform: async (chunk, controller) => {
          for (const octet of chunk) {
            await new Promise((resolve) => {
              setImmediate(resolve);
            });
            controller.enqueue(Uint8Array.of(octet));
          }
        },
      });
      const scene = await startScene(t, wrap(side, slow), { script: echo });
      assert.equal((await exchangeOnce(t, scene.port, post)).text, 'hello');
    });
  });
}

describe('a transform that enqueues without end', () => {
  it('fills no more than a few buffers for a client that does not read, and ends with it', async (t) => {
    const made = watched();
    const scene = await startScene(t, wrap('response', made.stage), { script: answer({ body: 'go' }) });
    const client = await connectClient(t, scene.port);
    client.socket.pause();
    await client.send(get);
    await standstill(() => made.enqueued);
    assert.ok(made.enqueued < 64 * MIB, `${made.enqueued} octets`);
    client.reset();
    await eventually(() => made.cancelled, 'the stream is cancelled');
    assert.equal((await scene.record(0)).error, 'client_aborted');
    assert.deepEqual(linesAbout(scene), []);
  });

  it('into the request is held back by a target that does not read, and ends with the client', async (t) => {
    const made = watched();
    const scene = await startScene(t, wrap('request', made.stage), { script: unread });
    const client = await connectClient(t, scene.port);
    await client.send(`${head}5\r\nhello\r\n`);
    await standstill(() => made.enqueued);
    assert.ok(made.enqueued > 0 && made.enqueued < 64 * MIB, `${made.enqueued} octets`);
    client.reset();
    await eventually(() => made.cancelled, 'the stream is cancelled');
    assert.equal((await scene.record(0)).error, 'client_aborted');
  });
});

describe('a transform that does not read', () => {
  it('holds its client back, and is aborted when that goes away', async (t) => {
    let aborted = false;
    const stuck = webStreamStage(() => ({
      readable: new ReadableStream<Uint8Array>(),
      writable: new WritableStream<Uint8Array>({
        write: async () => new Promise(() => {}),
        abort: () => {
          aborted = true;
        },
      }),
    }));
    const scene = await startScene(t, wrap('request', stuck));
    const client = await connectClient(t, scene.port);
    await client.send(`${head}5\r\nhello\r\n`);
    await eventually(() => scene.gateway.stats.inFlight === 1, 'the exchange is under way');
    client.reset();
    await eventually(() => ended(scene), 'the exchange ends');
    // A write that is under way is waited for by the stream; it learns of the end by its signal, and the readable side at once.
    assert.equal((await scene.record(0)).error, 'client_aborted');
    assert.equal(aborted, false);
  });
});

const MIB = 1024 * 1024;

const echo: Script = raw('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n');
const unread: Script = ({ socket }) => {
  socket.pause();
};

/** A stream that pushes for as long as it is read. */
function watched() {
  const seen = { enqueued: 0, cancelled: false };
  const stage = webStreamStage(() => ({
    readable: new ReadableStream<Uint8Array>({
      pull: (controller) => {
        seen.enqueued += 64 * 1024;
        controller.enqueue(new Uint8Array(64 * 1024));
      },
      cancel: () => {
        seen.cancelled = true;
      },
    }),
    writable: new WritableStream<Uint8Array>(),
  }));
  return Object.assign(seen, { stage });
}

/** Resolves when a number has not changed for a while; what would run on for ever is stopped by the test's end. */
async function standstill(read: () => number): Promise<void> {
  let last = -1;
  let same = 0;
  await eventually(
    () => {
      const now = read();
      same = now === last ? same + 1 : 0;
      last = now;
      return same >= 20 || now > 64 * MIB;
    },
    () => `it stands still; ${last} octets so far`,
  );
}

function ended(scene: TestGateway): boolean {
  return scene.gateway.stats.inFlight === 0;
}
