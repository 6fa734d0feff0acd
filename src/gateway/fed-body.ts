import type { BodySink, BodySource } from '../core/body.ts';
import type { GatewayError } from '../core/errors.ts';
import type { HeaderList } from '../http/header-list.ts';
import type { BodyFeed, FeedControl } from '../core/reply-body.ts';

/** Where a fed body goes. */
export interface FeedTarget {
  /** The first sink on the way to the client. */
  readonly sink: BodySink;
  cork(): void;
  uncork(): boolean;
  /** The feed says that the body cannot be completed. */
  onBroken(error: GatewayError): void;
}

/**
 * A {@link BodyFeed} on its way to one client. Connections go on to other exchanges: what a feed pushes after its end, or
 * after it was cancelled, is not heard.
 */
export class FedBody implements BodySink, BodySource {
  readonly #feed: BodyFeed;
  #target: FeedTarget | undefined;
  #control: FeedControl | undefined;
  #ended = false;
  /** Steered before it was started: the stages it goes through may do so. */
  #paused = false;

  constructor(feed: BodyFeed) {
    this.#feed = feed;
  }

  /** Begins. What the feed throws is the caller's. */
  start(target: FeedTarget): void {
    if (this.#ended) return;
    this.#target = target;
    const control = this.#feed.start(this);
    this.#control = control;
    if (this.#paused && !this.#ended) control.pause();
  }

  write(chunk: Uint8Array): boolean {
    const target = this.#target;
    if (this.#ended || target === undefined) return true;
    target.cork();
    const more = target.sink.write(chunk);
    return target.uncork() && more;
  }

  end(trailers?: HeaderList): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#target?.sink.end(trailers);
  }

  abort(error: GatewayError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#target?.onBroken(error);
  }

  pause(): void {
    this.#paused = true;
    this.#control?.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#control?.resume();
  }

  /** Nobody wants the rest, if there is one. */
  cancel(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#control?.cancel();
  }
}
