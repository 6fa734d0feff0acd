import type { HeaderList } from '../http/header-list.ts';
import type { BodySink } from './body.ts';
import type { GatewayError } from './errors.ts';

/**
 * What stands behind the last stage of a body: it takes one end. A connection goes on to the next exchange, and a stage
 * that says something after its end must not be heard there.
 */
export class OnceSink implements BodySink {
  #sink: BodySink;
  #ended = false;

  constructor(sink: BodySink) {
    this.#sink = sink;
  }

  write(chunk: Uint8Array): boolean {
    return this.#ended || this.#sink.write(chunk);
  }

  end(trailers?: HeaderList): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.end(trailers);
  }

  abort(error: GatewayError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.abort(error);
  }

  /** Another takes the place of what is behind it. */
  redirect(sink: BodySink): void {
    this.#sink = sink;
  }

  /** Hears nothing from here on; what is behind it has been told otherwise. */
  close(): void {
    this.#ended = true;
  }
}
