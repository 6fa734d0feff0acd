import type { BodySink } from '../../core/body.ts';
import { GatewayError } from '../../core/errors.ts';
import type { FeedControl } from '../../core/reply-body.ts';
import type { HeaderList } from '../../http/header-list.ts';

/** What a reader reads. */
export interface ReadFill {
  /** The how-many-th chunk since the beginning, if it is there already. */
  chunk(at: number): Uint8Array | undefined;
  state(): 'filling' | 'complete' | 'failed';
  error(): GatewayError | undefined;
  moved(): void;
  left(reader: FillReader): void;
}

/** One client's way through a body that arrives for several. */
export class FillReader implements FeedControl {
  readonly #sink: BodySink;
  readonly #fill: ReadFill;
  /** The next chunk to read. */
  at: number;
  trailers: HeaderList | undefined;
  #paused = false;
  #pumping = false;
  #over = false;

  constructor(sink: BodySink, fill: ReadFill, at: number) {
    this.#sink = sink;
    this.#fill = fill;
    this.at = at;
  }

  /** Passes on what is there, as far as the client takes it. */
  pump(): void {
    // A sink may resume from within a write.
    if (this.#pumping) return;
    this.#pumping = true;
    while (!this.#paused && !this.#over) {
      const chunk = this.#fill.chunk(this.at);
      if (chunk === undefined) break;
      this.at++;
      if (!this.#sink.write(chunk)) this.#paused = true;
    }
    this.#pumping = false;
    if (!this.#over && this.#fill.chunk(this.at) === undefined) this.#finish();
  }

  #finish(): void {
    const state = this.#fill.state();
    if (state === 'filling') return;
    this.#leave();
    if (state === 'complete') this.#sink.end(this.trailers);
    else
      this.#sink.abort(
        this.#fill.error() ?? new GatewayError('upstream_body_broken', 'the answer broke off'),
      );
  }

  /** What it should begin with is gone. */
  tooLate(): void {
    this.#leave();
    this.#sink.abort(new GatewayError('upstream_body_broken', 'the beginning of the answer is gone'));
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    if (!this.#paused || this.#over) return;
    this.#paused = false;
    this.pump();
    this.#fill.moved();
  }

  cancel(): void {
    this.#leave();
  }

  #leave(): void {
    if (this.#over) return;
    this.#over = true;
    this.#fill.left(this);
  }
}
