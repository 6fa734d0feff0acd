import type { Duplex } from 'node:stream';
import type { HeaderList } from '../http/header-list.ts';
import type { BodySink, BodySource, StageSink } from './body.ts';
import { GatewayError } from './errors.ts';

/** The sink in front of a Node stream; see `nodeStreamStage`. */
export class NodeStreamSink implements StageSink {
  readonly #stream: Duplex;
  readonly #next: BodySink;
  readonly #source: BodySource;
  #trailers: HeaderList | undefined;
  /** The source has said that nothing more is to come. */
  #ended = false;
  /** The sink behind has been told that the body is complete or broken. */
  #finished = false;
  /** The source has been told to wait. */
  #holdsSource = false;

  constructor(stream: Duplex, next: BodySink, source: BodySource) {
    this.#stream = stream;
    this.#next = next;
    this.#source = source;
    stream.on('data', (chunk: unknown) => this.#onData(chunk));
    stream.on('drain', () => this.#releaseSource());
    stream.on('end', () => this.#onEnd());
    // Stays for good: a stream that fails after its end must not bring down the process.
    stream.on('error', (error) => this.#fail(error));
    stream.on('close', () => this.#fail(new Error('the stream was closed before its end')));
  }

  write(chunk: Uint8Array): boolean {
    if (this.#ended || this.#finished) return true;
    if (this.#stream.write(chunk)) return true;
    this.#holdsSource = true;
    return false;
  }

  end(trailers?: HeaderList): void {
    if (this.#ended || this.#finished) return;
    this.#ended = true;
    this.#trailers = trailers;
    this.#stream.end();
  }

  abort(error: GatewayError): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#stream.destroy(error);
    this.#next.abort(error);
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    if (!this.#finished) this.#stream.resume();
  }

  #onData(chunk: unknown): void {
    if (this.#finished) return;
    if (!(chunk instanceof Uint8Array)) {
      this.#fail(new TypeError('the stream of a body stage produced something other than bytes'));
    } else if (chunk.length > 0 && !this.#next.write(chunk)) {
      this.#stream.pause();
    }
  }

  #onEnd(): void {
    if (this.#finished) return;
    this.#finished = true;
    // A stream may end before the source does; the rest is then let through and ignored.
    this.#releaseSource();
    this.#next.end(this.#trailers);
  }

  #fail(cause: unknown): void {
    if (this.#finished) return;
    this.#finished = true;
    const error = new GatewayError('policy_failed', 'the stream of a body stage failed', { cause });
    this.#stream.destroy();
    this.#releaseSource();
    this.#next.abort(error);
  }

  #releaseSource(): void {
    if (!this.#holdsSource) return;
    this.#holdsSource = false;
    this.#source.resume();
  }
}
