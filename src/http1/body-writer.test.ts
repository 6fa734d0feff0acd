import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Socket } from 'node:net';
import { describe, it } from 'node:test';
import type { TestContext } from 'node:test';
import * as fc from 'fast-check';
import { MemorySocket } from '../../test/conformance/segmentation/memory-socket.ts';
import { listen } from '../../test/kit/listen.ts';
import { HeaderList } from '../http/header-list.ts';
import { BodyWriter } from './body-writer.ts';
import type { Framing } from './response-writer.ts';
import { socketOptions } from './socket-options.ts';

const joinLimit = 8 * 1024;

/** A socket in memory that counts its writes. */
class CountingSocket extends MemorySocket {
  writes: string[] = [];

  override write(data: string | Uint8Array, encoding?: BufferEncoding): boolean {
    this.writes.push(Buffer.from(data as string, encoding).toString('latin1'));
    return super.write(data, encoding);
  }
}

function writerOf(framing: Framing, remaining = 0): { writer: BodyWriter; socket: CountingSocket } {
  const socket = new CountingSocket();
  const writer = new BodyWriter(socket.asSocket);
  writer.framing = framing;
  writer.remaining = remaining;
  return { writer, socket };
}

const octets = (text: string): Buffer => Buffer.from(text, 'latin1');

describe('BodyWriter', () => {
  it('lets a head and a small body leave in one write', () => {
    for (const [framing, wire] of [
      ['length', 'head\r\n\r\nabcdef'],
      ['close', 'head\r\n\r\nabcdef'],
      ['raw', 'head\r\n\r\nabcdef'],
      ['chunked', 'head\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n'],
    ] as const) {
      const { writer, socket } = writerOf(framing, 6);
      writer.cork();
      writer.head('head\r\n\r\n');
      writer.write(octets('abc'));
      writer.write(octets('def'));
      writer.end();
      assert.deepEqual(socket.writes, [wire], framing);
      assert.equal(writer.writes, 1);
    }
  });

  it('writes at once what is not gathered', () => {
    const { writer, socket } = writerOf('chunked');
    writer.head('head\r\n\r\n');
    writer.write(octets('abc'));
    writer.end();
    assert.deepEqual(socket.writes, ['head\r\n\r\n', '3\r\nabc\r\n', '0\r\n\r\n']);
  });

  it('counts down what is left of a length', () => {
    const { writer } = writerOf('length', 10);
    writer.write(octets('abcd'));
    assert.equal(writer.remaining, 6);
    writer.write(Buffer.alloc(6));
    assert.equal(writer.remaining, 0);
  });

  it('never writes an empty chunk, which would end the body', () => {
    const { writer, socket } = writerOf('chunked');
    writer.write(Buffer.alloc(0));
    writer.write(octets('a'));
    writer.write(Buffer.alloc(0));
    assert.equal(socket.written, '1\r\na\r\n');
  });

  it('puts trailers behind the last chunk, and nowhere else', () => {
    const trailers = HeaderList.from([
      ['X-Sum', '1'],
      ['X-More', '2'],
    ]);
    const chunked = writerOf('chunked');
    chunked.writer.end(trailers);
    assert.equal(chunked.socket.written, '0\r\nX-Sum: 1\r\nX-More: 2\r\n\r\n');
    for (const framing of ['length', 'close', 'raw', 'none'] as const) {
      const { writer, socket } = writerOf(framing);
      writer.end(trailers);
      assert.equal(socket.written, '', framing);
    }
  });

  it('writes every octet as it is, in strings and in buffers', () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    const small = writerOf('raw');
    small.writer.write(all);
    assert.equal(small.socket.written, all.toString('latin1'));
    const view = new Uint8Array(all.buffer, all.byteOffset + 250, 6);
    small.writer.write(view);
    assert.equal(small.socket.written, all.toString('latin1') + all.toString('latin1', 250));
    const large = writerOf('raw');
    const much = Buffer.concat(Array<Buffer>(100).fill(all));
    large.writer.write(much);
    assert.equal(large.socket.written, much.toString('latin1'));
  });

  for (const size of [joinLimit - 1, joinLimit, joinLimit + 1, 65_535, 65_536, 65_537, 200_000]) {
    it(`frames a chunk of ${size} octets, none of its writes above 64 KiB`, () => {
      const body = 'x'.repeat(size);
      const { writer, socket } = writerOf('chunked');
      writer.cork();
      writer.head('head\r\n\r\n');
      writer.write(octets(body));
      writer.end();
      assert.equal(socket.written, `head\r\n\r\n${size.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
      for (const write of socket.writes) assert.ok(write.length <= 65_536 + 32, `a write of ${write.length}`);
    });
  }

  it('keeps the order of small and large chunks, however they follow, and gathers no more than 64 KiB', () => {
    const sizes = fc.array(
      fc.oneof(fc.nat(20), fc.integer({ min: joinLimit - 3, max: joinLimit + 3 }), fc.nat(70_000)),
      { maxLength: 30 },
    );
    const framings = fc.constantFrom<Framing>('length', 'chunked', 'close', 'raw');
    fc.assert(
      fc.property(sizes, framings, fc.boolean(), (lengths, framing, corked) => {
        const { writer, socket } = writerOf(framing, Number.MAX_SAFE_INTEGER);
        if (corked) writer.cork();
        writer.head('H');
        let expected = 'H';
        for (const [index, length] of lengths.entries()) {
          const text = String.fromCharCode(97 + (index % 26)).repeat(length);
          writer.write(octets(text));
          if (length === 0) continue;
          expected += framing === 'chunked' ? `${length.toString(16)}\r\n${text}\r\n` : text;
        }
        writer.end();
        if (framing === 'chunked') expected += '0\r\n\r\n';
        assert.equal(socket.written, expected);
        for (const write of socket.writes) assert.ok(write.length <= 66_000, `a write of ${write.length}`);
      }),
      { numRuns: 100 },
    );
  });

  it('says when the system does not take more, until it has said drain', async (t) => {
    const { near, far } = await socketPair(t);
    const writer = new BodyWriter(near);
    writer.framing = 'raw';
    far.pause();
    assert.equal(writer.write(Buffer.alloc(10)), true);
    let written = 10;
    do written += 10_000;
    while (writer.write(Buffer.alloc(10_000)));
    assert.equal(writer.backlog, true);
    assert.equal(writer.uncork(), false);
    const drained = once(near, 'drain');
    far.resume();
    await drained;
    assert.equal(writer.backlog, false);
    assert.equal(writer.uncork(), true);
    assert.equal(near.bytesWritten, written);
  });
});

async function socketPair(t: TestContext): Promise<{ near: Socket; far: Socket }> {
  const server = createServer();
  const { port } = await listen(server);
  const near = connect({ port, host: '127.0.0.1', ...socketOptions });
  const connected = once(near, 'connect');
  const [far] = (await once(server, 'connection')) as [Socket];
  await connected;
  t.after(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return { near, far };
}
