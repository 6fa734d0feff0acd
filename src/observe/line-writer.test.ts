import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import type { Destination } from './destination.ts';
import { LineWriter } from './line-writer.ts';

/** A destination whose answers the test gives. */
class Scripted {
  readonly calls: string[] = [];
  #done: ((error: Error | null, written: number) => void) | undefined;
  #size = 0;

  readonly destination: Destination = (octets, done) => {
    assert.equal(this.#done, undefined, 'one write at a time');
    this.calls.push(Buffer.from(octets).toString());
    this.#size = octets.length;
    this.#done = done;
  };

  /** Takes the write that is under way, or as many octets of it. */
  take(octets = this.#size): void {
    this.#answer(null, octets);
  }

  fail(code: string): void {
    this.#answer(Object.assign(new Error(code), { code }), 0);
  }

  #answer(error: Error | null, written: number): void {
    const done = this.#done;
    assert.ok(done !== undefined, 'a write is under way');
    this.#done = undefined;
    done(error, written);
  }
}

let scripted: Scripted;
let writer: LineWriter;

beforeEach(() => {
  mock.timers.enable({ apis: ['setTimeout'] });
  scripted = new Scripted();
  writer = new LineWriter({ destination: scripted.destination, delay: 100 });
});

afterEach(() => {
  mock.timers.reset();
});

describe('a destination that takes everything', () => {
  test('gets lines gathered for 100 ms in one write', () => {
    writer.write('a\n');
    writer.write('b\n');
    mock.timers.tick(99);
    assert.deepEqual(scripted.calls, []);
    mock.timers.tick(1);
    assert.deepEqual(scripted.calls, ['a\nb\n']);
  });

  test('gets 64 KiB at once', () => {
    for (let i = 0; i < 64; i++) writer.write(`${'x'.repeat(1023)}\n`);
    assert.equal(scripted.calls[0]?.length, 64 * 1024);
  });

  test('gets what came during a write in the next one', () => {
    writer.write('a\n');
    writer.flush();
    writer.write('b\n');
    writer.flush();
    scripted.take();
    assert.deepEqual(scripted.calls, ['a\n', 'b\n']);
    scripted.take();
    writer.write('c\n');
    mock.timers.tick(100);
    assert.deepEqual(scripted.calls, ['a\n', 'b\n', 'c\n']);
  });

  test('gets the rest of a write that it took in part', () => {
    writer.write('äbc\n');
    writer.flush();
    scripted.take(1);
    scripted.take(2);
    assert.deepEqual(scripted.calls.at(-1), 'c\n');
    scripted.take();
    assert.equal(writer.dropped, 0);
  });

  test('gets everything before close resolves', async () => {
    writer.write('a\n');
    const closed = writer.close();
    assert.deepEqual(scripted.calls, ['a\n']);
    scripted.take();
    await closed;
    assert.equal(writer.dropped, 0);
  });
});

describe('F183 a destination that is slow, full or gone', () => {
  test('is tried again, later and later, and nothing is lost below the limit', () => {
    writer.write('a\n');
    writer.flush();
    for (const [code, pause] of [
      ['EAGAIN', 10],
      ['ENOSPC', 20],
      ['EIO', 40],
      ['EAGAIN', 80],
      ['EAGAIN', 160],
      ['EAGAIN', 250],
      ['EAGAIN', 250],
    ] as const) {
      const before = scripted.calls.length;
      scripted.fail(code);
      mock.timers.tick(pause - 1);
      assert.equal(scripted.calls.length, before, code);
      mock.timers.tick(1);
      assert.equal(scripted.calls.length, before + 1, code);
    }
    scripted.take();
    assert.equal(writer.dropped, 0);
  });

  test('does not get more writes than one while it fails, however many lines come', () => {
    writer.write('a\n');
    writer.flush();
    scripted.fail('ENOSPC');
    for (let i = 0; i < 100; i++) writer.write(`${'x'.repeat(1000)}\n`);
    assert.equal(scripted.calls.length, 1);
  });

  test('costs at most 1 MiB; what goes beyond is dropped and counted', () => {
    const line = `${'x'.repeat(1023)}\n`;
    for (let i = 0; i < 2048; i++) writer.write(line);
    assert.equal(writer.dropped, 1024);
    let octets = 0;
    for (;;) {
      octets += scripted.calls.at(-1)?.length ?? 0;
      const before = scripted.calls.length;
      scripted.take();
      if (scripted.calls.length === before) break;
    }
    writer.flush();
    if (octets < 1024 * 1024) octets += scripted.calls.at(-1)?.length ?? 0;
    assert.equal(octets, 1024 * 1024);
    writer.write(line);
    assert.equal(writer.dropped, 1024, 'room again');
  });

  test('that is gone for good costs nothing more', async () => {
    for (const code of ['EPIPE', 'EBADF']) {
      scripted = new Scripted();
      writer = new LineWriter({ destination: scripted.destination, delay: 100 });
      writer.write('a\n');
      writer.flush();
      writer.write('b\n');
      scripted.fail(code);
      writer.write('c\n');
      mock.timers.tick(10_000);
      assert.equal(scripted.calls.length, 1);
      assert.equal(writer.dropped, 3);
      await writer.close();
    }
  });

  test('does not keep close waiting for more than a second', async () => {
    writer.write('a\n');
    const closed = writer.close();
    mock.timers.tick(1000);
    await closed;
    assert.equal(writer.dropped, 1);
    scripted.take();
  });

  test('a line after close is dropped', async () => {
    await writer.close();
    writer.write('a\n');
    mock.timers.tick(1000);
    assert.deepEqual([scripted.calls, writer.dropped], [[], 1]);
  });
});

describe('what the destination holds is released', () => {
  test('once, when the writer is closed', async () => {
    let released = 0;
    writer = new LineWriter({ destination: scripted.destination, delay: 100, release: () => released++ });
    writer.write('a\n');
    const closed = writer.close();
    scripted.take();
    await closed;
    assert.equal(released, 1);
    await writer.close();
    assert.equal(released, 1);
  });

  test('not before a write that is under way has ended', async () => {
    let released = 0;
    writer = new LineWriter({ destination: scripted.destination, delay: 100, release: () => released++ });
    writer.write('a\n');
    const closed = writer.close();
    mock.timers.tick(1000);
    await closed;
    assert.equal(released, 0);
    scripted.take();
    assert.equal(released, 1);
  });
});
