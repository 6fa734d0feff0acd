import type { HeaderList } from '../http/header-list.ts';
import type { GatewayError } from './errors.ts';

/**
 * Where a body goes: chunks are pushed into it as they arrive. A body ends with exactly one of `end` and `abort`;
 * whatever is pushed after that is ignored.
 */
export interface BodySink {
  /**
   * Takes one chunk. The chunk stays valid after the call and is not to be changed.
   * @returns false when the sink wants the source paused; the source is resumed through {@link BodySource}.
   */
  write(chunk: Uint8Array): boolean;
  /** The body is complete. */
  end(trailers?: HeaderList): void;
  /** The body broke off; nobody must take what came so far for a whole. */
  abort(error: GatewayError): void;
}

/** Where a body comes from, as far as a sink may steer it. Both calls are idempotent. */
export interface BodySource {
  pause(): void;
  resume(): void;
}

/**
 * A sink that holds chunks back and has room of its own, such as one around a compressor. What comes behind it steers it
 * through these two, as it would steer the source; a stage that passes on each chunk at once leaves them out.
 */
export interface StageSink extends BodySink, Partial<BodySource> {}

/**
 * Puts a stage into a body's way, between the source and `next`. Returns the sink that the source pushes into.
 * A stage that changes the length removes `Content-Length` from the head. Stages are joined by `chainStages`.
 */
export type BodyStage = (next: BodySink, source: BodySource) => StageSink;
