import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { socketOptions } from './socket-options.ts';
import { ReadMemory } from './read-memory.ts';
import { SocketReader } from './socket-reader.ts';

/** Two ends of a connection, of which the near one was accepted. */
async function pair(t: TestContext): Promise<{ readonly near: Socket; readonly far: Socket }> {
  const server = createServer({ ...socketOptions, allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const far = connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' });
  const [near] = (await once(server, 'connection')) as [Socket];
  t.after(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}

interface Read {
  readonly chunk: Buffer;
  /** What it was when it came. */
  readonly copy: Buffer;
  readonly lent: boolean;
}

/** Reads a socket and notes what came. */
function read(
  socket: Socket,
  { memory = new ReadMemory(), onRead = (_reader: SocketReader): void => {} } = {},
) {
  const reads: Read[] = [];
  const waiting: (() => void)[] = [];
  const handler = {
    expectsBody: true,
    expectsMuch: false,
    onRead(chunk: Buffer, lent: boolean): void {
      reads.push({ chunk, copy: Buffer.from(chunk), lent });
      onRead(reader);
      for (const resolve of waiting.splice(0)) resolve();
    },
  };
  const reader = new SocketReader(socket, memory, handler);
  const received = (): Buffer => Buffer.concat(reads.map(({ copy }) => copy));
  return {
    handler,
    reader,
    reads,
    received,
    octets: async (length: number): Promise<void> => {
      while (received().length < length) await new Promise<void>((resolve) => waiting.push(resolve));
    },
  };
}

/** A turn in which octets for another socket have come all the way. */
async function anotherSocketHasRead(t: TestContext): Promise<void> {
  const { near, far } = await pair(t);
  far.write('x');
  await once(near, 'data');
}

const pattern = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, i) => (i * 7) % 251));

describe('a socket reader', () => {
  test('reads past the stream: Node still has what this relies on', async (t) => {
    const { near, far } = await pair(t);
    const { reader, received, octets } = read(near);
    assert.equal(reader.direct, true);
    far.write('hello');
    await octets(5);
    assert.equal(received().toString(), 'hello');
  });

  test('reads a socket that is still connecting, by name and by address', async (t) => {
    const server = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    for (const host of ['127.0.0.1', 'localhost']) {
      const socket = connect({ port, host, autoSelectFamily: true, ...socketOptions });
      const { reader, received, octets } = read(socket);
      assert.equal(reader.direct, true);
      await octets(5);
      assert.equal(received().toString(), 'hello');
      socket.destroy();
    }
  });

  test('lends the memory of all sockets to small reads', async (t) => {
    const memory = new ReadMemory();
    const one = await pair(t);
    const other = await pair(t);
    const first = read(one.near, { memory });
    const second = read(other.near, { memory });
    one.far.write('first');
    await first.octets(5);
    other.far.write('other');
    await second.octets(5);
    for (const { chunk, lent } of [...first.reads, ...second.reads]) {
      assert.equal(lent, true);
      assert.equal(chunk.buffer, memory.shared.buffer);
    }
    assert.equal(first.reads[0]?.chunk.toString(), 'other', 'lent, and used again by the next socket');
  });

  test('reads what is large into memory that no other socket has, and loses nothing', async (t) => {
    const { near, far } = await pair(t);
    const memory = new ReadMemory();
    const { reads, received, octets } = read(near, { memory });
    const all = pattern(3_000_000);
    far.write(all);
    await octets(all.length);
    assert.ok(received().equals(all));
    const own = reads.filter(({ lent }) => !lent);
    assert.ok(own.length > 0);
    for (const { chunk } of own) assert.notEqual(chunk.buffer, memory.shared.buffer);
  });

  test('leaves what is held as it is, however much follows', async (t) => {
    const { near, far } = await pair(t);
    const { reads, octets } = read(near);
    const all = pattern(3_000_000);
    far.write(all);
    await octets(all.length);
    for (const { chunk, copy, lent } of reads) if (!lent) assert.ok(chunk.equals(copy));
  });

  test('uses memory again as soon as nobody holds it', async (t) => {
    const { near, far } = await pair(t);
    const all = pattern(3_000_000);
    const { reads, received, octets } = read(near, {
      onRead: (reader) => {
        reader.release(undefined);
      },
    });
    far.write(all);
    await octets(all.length);
    assert.ok(received().equals(all));
    const memories = new Set(reads.filter(({ lent }) => !lent).map(({ chunk }) => chunk.buffer));
    assert.ok(memories.size > 0 && memories.size < 20, `${memories.size} buffers for ${reads.length} reads`);
  });

  test('reads more at a time where much comes and is taken at once, and gives that up with the socket', async (t) => {
    const { near, far } = await pair(t);
    const memory = new ReadMemory();
    const { reader, handler, reads, received, octets } = read(near, {
      memory,
      onRead: (each) => {
        each.release(undefined);
      },
    });
    handler.expectsMuch = true;
    const all = pattern(8_000_000);
    far.write(all);
    await octets(all.length);
    assert.ok(received().equals(all));
    assert.ok(Math.max(...reads.map(({ copy }) => copy.length)) > 128 * 1024);
    assert.equal(memory.largeInUse, 1);
    reader.close();
    reader.close();
    assert.equal(memory.largeInUse, 0);
  });

  test('reads no more at a time for whoever does not take it at once', async (t) => {
    const { near, far } = await pair(t);
    const memory = new ReadMemory();
    const { handler, reads, octets } = read(near, { memory });
    handler.expectsMuch = true;
    far.write(pattern(3_000_000));
    await octets(3_000_000);
    assert.equal(memory.largeInUse, 0);
    assert.ok(Math.max(...reads.map(({ copy }) => copy.length)) < 128 * 1024);
  });

  test('gives back copies of what was lent, as it does what was read', async (t) => {
    const { near, far } = await pair(t);
    const copies: Buffer[] = [];
    const { reader, reads, octets } = read(near, {
      onRead: (each) => {
        const last = reads.at(-1);
        if (last?.lent === true) copies.push(each.copy(last.chunk, 0));
      },
    });
    far.write(pattern(60_000));
    await octets(60_000);
    const large = copies.filter(({ length }) => length >= 16 * 1024);
    assert.ok(large.length > 0);
    reader.release(undefined);
    for (const copy of large) assert.equal(copy.length, 0);
  });

  test('gives back what was held and is not any more, but for the part that is kept', async (t) => {
    const { near, far } = await pair(t);
    const { reader, reads, octets } = read(near);
    far.write(pattern(1_000_000));
    await octets(1_000_000);
    const own = reads.filter(({ lent }) => !lent);
    assert.ok(own.length > 2);
    const [kept] = own;
    assert.ok(kept);
    reader.release(kept.chunk);
    assert.ok(kept.chunk.equals(kept.copy));
    assert.equal(own[1]?.chunk.length, 0);
    reader.release(undefined);
    assert.equal(kept.chunk.length, 0);
  });

  test('leaves what is held beyond its message to those who hold it', async (t) => {
    const { near, far } = await pair(t);
    const { reader, reads, octets } = read(near, {
      onRead: (each) => {
        each.forget();
      },
    });
    far.write(pattern(1_000_000));
    await octets(1_000_000);
    reader.release(undefined);
    for (const { chunk, copy, lent } of reads) if (!lent) assert.ok(chunk.equals(copy));
  });

  test('paused reads nothing more', async (t) => {
    const { near, far } = await pair(t);
    const { reader, received, octets } = read(near);
    far.write('first');
    await octets(5);
    reader.pause();
    assert.equal(reader.paused, true);
    far.write(Buffer.alloc(3_000_000));
    await anotherSocketHasRead(t);
    assert.equal(near.bytesRead, 5);
    reader.resume();
    await octets(5 + 3_000_000);
    assert.equal(received().length, 5 + 3_000_000);
  });

  test('on hold reads once more, and notices a reset', async (t) => {
    const { near, far } = await pair(t);
    const { reader, octets, reads } = read(near);
    reader.hold();
    far.write('one');
    await octets(3);
    far.write('two');
    await anotherSocketHasRead(t);
    assert.equal(reads.length, 1);
    reader.resume();
    await octets(6);

    const other = await pair(t);
    const held = read(other.near);
    held.reader.hold();
    other.far.resetAndDestroy();
    const [error] = (await once(other.near, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNRESET');
  });

  test('on hold in the middle of a read still notices a reset behind it', async (t) => {
    const { near, far } = await pair(t);
    const { octets } = read(near, {
      onRead: (reader) => {
        reader.hold();
      },
    });
    far.write('one');
    await octets(3);
    far.resetAndDestroy();
    await once(near, 'error');
  });

  test('pausing and resuming in the same turn, again and again, keeps the flow', async (t) => {
    const { near, far } = await pair(t);
    const { received, octets } = read(near, {
      onRead: (reader) => {
        reader.pause();
        reader.resume();
        reader.hold();
        reader.pause();
        reader.resume();
      },
    });
    const all = pattern(3_000_000);
    far.write(all);
    await octets(all.length);
    assert.ok(received().equals(all));
  });

  test('reads the stream of what is no socket of Node', async (t) => {
    const { near, far } = await pair(t);
    // Whoever has no handle, such as a socket of a test, is read as a stream.
    const { _handle: handle } = near as unknown as { _handle: object };
    Reflect.set(near, '_handle', null);
    const { reader, octets, reads } = read(near);
    Reflect.set(near, '_handle', handle);
    assert.equal(reader.direct, false);
    far.write('hello');
    await octets(5);
    assert.equal(reads[0]?.lent, false);
  });
});
