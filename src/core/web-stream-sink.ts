import type {
  ReadableStreamDefaultReader,
  ReadableWritablePair,
  WritableStreamDefaultWriter,
} from 'node:stream/web';
import type { HeaderList } from '../http/header-list.ts';
import type { BodySink, BodySource, StageSink } from './body.ts';
import { GatewayError } from './errors.ts';

/** The sink in front of a web stream; see `webStreamStage`. */
export class WebStreamSink implements StageSink {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #next: BodySink;
  readonly #source: BodySource;
  #trailers: HeaderList | undefined;
  /** The source has said that nothing more is to come. */
  #ended = false;
  /** The sink behind has been told that the body is complete or broken. */
  #finished = false;
  /** The source has been told to wait. */
  #holdsSource = false;
  /** The sink behind is full. */
  #isHeld = false;
  /** Takes the loop up again; set while it stands still. */
  #goOn: (() => void) | undefined;

  constructor(stream: ReadableWritablePair<Uint8Array, Uint8Array>, next: BodySink, source: BodySource) {
    this.#writer = stream.writable.getWriter();
    this.#reader = stream.readable.getReader();
    this.#next = next;
    this.#source = source;
    // A failure on either side shows here, also while the loop stands still.
    this.#writer.closed.catch(ignore);
    this.#reader.closed.catch((error: unknown) => this.#fail(error));
    void this.#relay();
  }

  write(chunk: Uint8Array): boolean {
    if (this.#ended || this.#finished) return true;
    this.#writer.write(chunk).catch(ignore);
    // null: the stream has failed, and the loop is about to say so.
    if ((this.#writer.desiredSize ?? 1) > 0) return true;
    if (!this.#holdsSource) {
      this.#holdsSource = true;
      this.#writer.ready.then(() => this.#releaseSource(), ignore);
    }
    return false;
  }

  end(trailers?: HeaderList): void {
    if (this.#ended || this.#finished) return;
    this.#ended = true;
    this.#trailers = trailers;
    this.#writer.close().catch(ignore);
  }

  abort(error: GatewayError): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#cancel(error);
    this.#next.abort(error);
  }

  pause(): void {
    this.#isHeld = true;
  }

  resume(): void {
    this.#isHeld = false;
    this.#goOn?.();
  }

  /** Carries what comes out of the stream to the sink behind, one chunk after the other. */
  async #relay(): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await this.#reader.read();
        if (this.#finished) return;
        if (done) break;
        if (!(value instanceof Uint8Array))
          throw new TypeError('the stream of a body stage produced something other than bytes');
        if (value.length > 0 && !this.#next.write(value)) this.#isHeld = true;
        if (this.#isHeld) await this.#room();
        if (this.#finished) return;
      }
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#finished = true;
    // A stream may end before the source does; the rest is then let through and ignored.
    this.#releaseSource();
    this.#next.end(this.#trailers);
  }

  #room(): Promise<void> {
    return new Promise((resolve) => {
      this.#goOn = () => {
        this.#goOn = undefined;
        resolve();
      };
    });
  }

  #fail(cause: unknown): void {
    if (this.#finished) return;
    this.#finished = true;
    const error = new GatewayError('policy_failed', 'the stream of a body stage failed', { cause });
    this.#cancel(error);
    this.#releaseSource();
    this.#next.abort(error);
  }

  #cancel(reason: GatewayError): void {
    this.#writer.abort(reason).catch(ignore);
    this.#reader.cancel(reason).catch(ignore);
    this.#goOn?.();
  }

  #releaseSource(): void {
    if (!this.#holdsSource) return;
    this.#holdsSource = false;
    this.#source.resume();
  }
}

function ignore(): void {}
