import type { Duplex } from 'node:stream';
import type { ReadableWritablePair } from 'node:stream/web';
import type { BodyStage } from './body.ts';
import { NodeStreamSink } from './node-stream-sink.ts';
import { WebStreamSink } from './web-stream-sink.ts';

/**
 * A body stage around a web stream, such as `new CompressionStream('gzip')`. Backpressure goes through it both ways: the
 * source is paused while the stream has no room, and the stream is not read while the sink behind it has none.
 *
 * When the body breaks off, the stream is aborted. When the stream fails, the body behind it breaks off with
 * `policy_failed`, and what the source still sends is ignored. Trailers pass behind the last chunk.
 *
 * @param create makes the stream, once for each body. It reads and writes bytes.
 */
export function webStreamStage(create: () => ReadableWritablePair<Uint8Array, Uint8Array>): BodyStage {
  return (next, source) => new WebStreamSink(create(), next, source);
}

/**
 * A body stage around a Node stream, such as `zlib.createGzip()`. Behaves as {@link webStreamStage} does; when the body
 * breaks off, the stream is destroyed.
 *
 * @param create makes the stream, once for each body. It reads and writes bytes, not objects.
 */
export function nodeStreamStage(create: () => Duplex): BodyStage {
  return (next, source) => new NodeStreamSink(create(), next, source);
}
