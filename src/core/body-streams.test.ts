import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { type Duplex, PassThrough, Transform } from 'node:stream';
import { createGzip, gunzipSync } from 'node:zlib';
import { ReadableStream, TransformStream, WritableStream } from 'node:stream/web';
import { HeaderList } from '../http/header-list.ts';
import type { BodyStage, StageSink } from './body.ts';
import { nodeStreamStage, webStreamStage } from './body-streams.ts';
import { GatewayError } from './errors.ts';

/** What stands around a stage in these tests: a source that counts and a sink whose room the test decides on. */
class Bench {
  readonly chunks: Buffer[] = [];
  readonly sink: StageSink;
  hasRoom = true;
  resumed = 0;
  ended = 0;
  trailers: HeaderList | undefined;
  readonly aborts: GatewayError[] = [];

  constructor(stage: BodyStage) {
    this.sink = stage(
      {
        write: (chunk) => {
          this.chunks.push(Buffer.from(chunk));
          return this.hasRoom;
        },
        end: (trailers) => {
          this.ended++;
          this.trailers = trailers;
        },
        abort: (error) => void this.aborts.push(error),
      },
      { pause: () => undefined, resume: () => void this.resumed++ },
    );
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  get length(): number {
    return this.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** Pushes until the stage says stop and means it. Returns the number of octets. */
  async fill(): Promise<number> {
    let length = 0;
    for (let held = false; !held;) {
      const before = this.resumed;
      held = !this.sink.write(Buffer.alloc(128));
      length += 128;
      assert.ok(length < 65_536, 'the stage holds more and more');
      await settle();
      if (this.resumed > before) held = false;
    }
    return length;
  }

  /** Pushes as a source does: stops when it is told to, goes on when it is resumed. */
  async push(count: number, size: number): Promise<number> {
    let pauses = 0;
    for (let i = 0; i < count; i++) {
      const before = this.resumed;
      if (this.sink.write(Buffer.alloc(size, 97 + (i % 26)))) continue;
      pauses++;
      await until(() => this.resumed > before);
    }
    return pauses;
  }
}

async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 10_000 && !condition(); i++) await turn();
  assert.ok(condition(), 'it never came true');
}

/** Gives everything that could still happen the time to happen. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await turn();
}

type Change = (chunk: Buffer) => Buffer;

interface Kind {
  readonly name: string;
  /** Makes a stage that changes each chunk, and holds few of them. */
  readonly changing: (change: Change) => BodyStage;
  readonly gzip: () => BodyStage;
  /** Makes a stage that ends by itself after its first chunk. */
  readonly endingEarly: () => BodyStage;
  /** Makes a stage that says when it is destroyed. */
  readonly watched: (onDestroyed: (reason: unknown) => void) => BodyStage;
  readonly notBytes: () => BodyStage;
}

const kinds: readonly Kind[] = [
  {
    name: 'webStreamStage',
    changing: (change) =>
      webStreamStage(
        () =>
          new TransformStream<Uint8Array, Uint8Array>(
            { transform: (chunk, controller) => controller.enqueue(change(Buffer.from(chunk))) },
            { highWaterMark: 2 },
            { highWaterMark: 2 },
          ),
      ),
    gzip: () => webStreamStage(() => new CompressionStream('gzip')),
    endingEarly: () =>
      webStreamStage(
        () =>
          new TransformStream<Uint8Array, Uint8Array>({
            transform(chunk, controller) {
              controller.enqueue(chunk);
              controller.terminate();
            },
          }),
      ),
    watched: (onDestroyed) =>
      webStreamStage(
        () => new TransformStream<Uint8Array, Uint8Array>({ cancel: (reason) => onDestroyed(reason) }),
      ),
    notBytes: () =>
      webStreamStage(
        () =>
          new TransformStream<Uint8Array, Uint8Array>({
            transform: (_, controller) => controller.enqueue('text' as unknown as Uint8Array),
          }),
      ),
  },
  {
    name: 'nodeStreamStage',
    changing: (change) =>
      nodeStreamStage(
        () =>
          new Transform({
            highWaterMark: 256,
            transform(chunk: Buffer, _, done) {
              try {
                done(null, change(chunk));
              } catch (error) {
                done(error as Error);
              }
            },
          }),
      ),
    gzip: () => nodeStreamStage(() => createGzip()),
    endingEarly: () =>
      nodeStreamStage(
        () =>
          new Transform({
            transform(chunk, _, done) {
              this.push(chunk);
              this.push(null);
              done();
            },
          }),
      ),
    watched: (onDestroyed) =>
      nodeStreamStage(
        () =>
          new PassThrough({
            destroy(error, done) {
              onDestroyed(error);
              done(error);
            },
          }),
      ),
    notBytes: () =>
      nodeStreamStage(
        () =>
          new Transform({
            readableObjectMode: true,
            transform: (_, __, done) => done(null, 42),
          }),
      ),
  },
];

for (const kind of kinds) {
  describe(kind.name, () => {
    it('carries chunks through the stream, and the trailers behind them', async () => {
      const bench = new Bench(kind.changing((chunk) => Buffer.from(chunk.toString().toUpperCase())));
      bench.sink.write(Buffer.from('hello '));
      bench.sink.write(Buffer.from('world'));
      const trailers = HeaderList.from([['x-checksum', '1']]);
      bench.sink.end(trailers);
      await until(() => bench.ended > 0);
      assert.equal(bench.text, 'HELLO WORLD');
      assert.equal(bench.trailers, trailers);
      assert.deepEqual([bench.ended, bench.aborts.length], [1, 0]);
    });

    it('compresses a body of a megabyte', async () => {
      const bench = new Bench(kind.gzip());
      await bench.push(256, 4096);
      bench.sink.end();
      await until(() => bench.ended > 0);
      assert.equal(gunzipSync(Buffer.concat(bench.chunks)).length, 1_048_576);
    });

    it('ends an empty body', async () => {
      const bench = new Bench(kind.changing((chunk) => chunk));
      bench.sink.end();
      await until(() => bench.ended > 0);
      assert.equal(bench.length, 0);
    });

    it('does not pass on empty chunks, which would end a chunked body', async () => {
      const bench = new Bench(kind.changing(() => Buffer.alloc(0)));
      bench.sink.write(Buffer.from('x'));
      bench.sink.end();
      await until(() => bench.ended > 0);
      assert.deepEqual(bench.chunks, []);
    });

    it('pauses the source while the sink behind has no room, and holds little', async () => {
      const bench = new Bench(kind.changing((chunk) => chunk));
      bench.hasRoom = false;
      const pushed = await bench.fill();
      assert.ok(pushed <= 2048, `${pushed} octets were accepted`);
      assert.equal(bench.chunks.length, 1);
    });

    it('goes on when the sink behind has room again, and then lets the source go on', async () => {
      const bench = new Bench(kind.changing((chunk) => chunk));
      bench.hasRoom = false;
      const pushed = await bench.fill();
      const resumed = bench.resumed;
      bench.hasRoom = true;
      bench.sink.resume?.();
      await until(() => bench.length === pushed);
      await until(() => bench.resumed > resumed);
      bench.sink.end();
      await until(() => bench.ended === 1);
    });

    it('ends although the sink behind had no room when the end came', async () => {
      const bench = new Bench(kind.changing((chunk) => chunk));
      bench.hasRoom = false;
      bench.sink.write(Buffer.from('a'));
      bench.sink.end();
      await settle();
      bench.sink.resume?.();
      await until(() => bench.ended === 1);
      assert.equal(bench.text, 'a');
    });

    it('stands still while it is paused', async () => {
      const bench = new Bench(kind.changing((chunk) => chunk));
      bench.sink.write(Buffer.from('a'));
      await until(() => bench.length === 1);
      bench.sink.pause?.();
      bench.sink.write(Buffer.from('b'));
      await settle();
      bench.sink.write(Buffer.from('c'));
      await settle();
      const held = bench.length;
      assert.ok(held <= 2, 'at most the chunk that was under way');
      bench.sink.resume?.();
      await until(() => bench.text === 'abc');
    });

    it('aborts the stream and the sink behind when the body breaks off', async () => {
      const destroyed: unknown[] = [];
      const bench = new Bench(kind.watched((reason) => void destroyed.push(reason)));
      const error = new GatewayError('upstream_body_broken', 'reset');
      bench.sink.write(Buffer.from('a'));
      bench.sink.abort(error);
      await until(() => destroyed.length > 0);
      await settle();
      assert.deepEqual(bench.aborts, [error]);
      assert.equal(destroyed[0], error);
      assert.equal(bench.ended, 0);
    });

    it('aborts also while the sink behind has no room', async () => {
      const bench = new Bench(kind.changing((chunk) => chunk));
      bench.hasRoom = false;
      bench.sink.write(Buffer.from('a'));
      await settle();
      const error = new GatewayError('client_aborted', 'gone');
      bench.sink.abort(error);
      bench.sink.resume?.();
      await settle();
      assert.deepEqual(bench.aborts, [error]);
      assert.equal(bench.ended, 0);
    });

    it('breaks the body off with policy_failed when the stream fails', async () => {
      const cause = new Error('no more memory');
      const bench = new Bench(
        kind.changing(() => {
          throw cause;
        }),
      );
      bench.sink.write(Buffer.from('a'));
      await until(() => bench.aborts.length > 0);
      await settle();
      assert.deepEqual(
        bench.aborts.map((error) => [error.code, error.cause]),
        [['policy_failed', cause]],
      );
      assert.equal(bench.sink.write(Buffer.from('b')), true);
      bench.sink.end();
      bench.sink.abort(new GatewayError('upstream_closed', ''));
      await settle();
      assert.deepEqual([bench.ended, bench.aborts.length, bench.chunks.length], [0, 1, 0]);
    });

    it('lets a source go on that it held when the stream fails', async () => {
      let fail = false;
      const bench = new Bench(
        kind.changing((chunk) => {
          if (fail) throw new Error('broken');
          return chunk;
        }),
      );
      bench.hasRoom = false;
      await bench.fill();
      const resumed = bench.resumed;
      fail = true;
      bench.sink.resume?.();
      await until(() => bench.aborts.length > 0);
      assert.ok(bench.resumed > resumed);
    });

    it('breaks off when the stream produces something other than bytes', async () => {
      const bench = new Bench(kind.notBytes());
      bench.sink.write(Buffer.from('a'));
      await until(() => bench.aborts.length > 0);
      assert.equal(bench.aborts[0]?.code, 'policy_failed');
    });

    it('takes the end of a stream that ends before its source for the end of the body', async () => {
      const bench = new Bench(kind.endingEarly());
      bench.sink.write(Buffer.from('a'));
      await until(() => bench.ended > 0);
      assert.equal(bench.sink.write(Buffer.from('b')), true);
      bench.sink.end();
      await settle();
      assert.deepEqual([bench.text, bench.ended, bench.aborts.length], ['a', 1, 0]);
    });

    it('ends once, whatever else the source says', async () => {
      const bench = new Bench(kind.changing((chunk) => chunk));
      bench.sink.write(Buffer.from('a'));
      bench.sink.end();
      bench.sink.end();
      bench.sink.write(Buffer.from('b'));
      await until(() => bench.ended > 0);
      bench.sink.abort(new GatewayError('upstream_closed', ''));
      await settle();
      assert.deepEqual([bench.text, bench.ended, bench.aborts.length], ['a', 1, 0]);
    });
  });
}

describe('nodeStreamStage', () => {
  it('breaks the body off when somebody destroys the stream without an error', async () => {
    const stream: Duplex = new PassThrough();
    const bench = new Bench(nodeStreamStage(() => stream));
    bench.sink.write(Buffer.from('a'));
    stream.destroy();
    await until(() => bench.aborts.length > 0);
    assert.equal(bench.aborts[0]?.code, 'policy_failed');
  });
});

describe('webStreamStage', () => {
  it('aborts and cancels both sides of a pair that are not one stream', async () => {
    const told: unknown[] = [];
    const bench = new Bench(
      webStreamStage(() => ({
        writable: new WritableStream<Uint8Array>({ abort: (reason) => void told.push(reason) }),
        readable: new ReadableStream<Uint8Array>({ cancel: (reason) => void told.push(reason) }),
      })),
    );
    const error = new GatewayError('client_aborted', 'gone');
    bench.sink.abort(error);
    await until(() => told.length === 2);
    assert.deepEqual(told, [error, error]);
  });
});
