import type { BodySink, BodySource } from '../core/body.ts';
import type { GatewayError } from '../core/errors.ts';
import { type TimerOwner, type TimerWheel, WheelTimer } from '../core/timer-wheel.ts';
import { HeaderList } from '../http/header-list.ts';
import type { BodyFeed, FeedControl } from '../core/reply-body.ts';
import { type FailureKind, NonsenseError } from './policy-failure.ts';

/** Where a fed body goes. */
export interface FeedTarget {
  /** The first sink on the way to the client. */
  readonly sink: BodySink;
  cork(): void;
  uncork(): boolean;
  /** The feed says that the body cannot be completed. */
  onBroken(error: GatewayError): void;
  /** The feed does what none should. */
  onFailed(thrown: unknown, kind: FailureKind): void;
}

/** What bounds a feed on a route whose exchanges have no time-out. */
export interface FeedPatience {
  readonly wheel: TimerWheel;
  /** Milliseconds in which something must come of it; 0 is off. */
  readonly idle: number;
}

/**
 * A {@link BodyFeed} on its way to one client. Connections go on to other exchanges: what a feed pushes after its end, or
 * after it was cancelled, is not heard.
 */
export class FedBody implements BodySink, BodySource, TimerOwner {
  readonly #feed: BodyFeed;
  #target: FeedTarget | undefined;
  #control: FeedControl | undefined;
  #timer: WheelTimer | undefined;
  #idle = 0;
  #ended = false;
  /** Steered before it was started: the stages it goes through may do so. */
  #paused = false;

  constructor(feed: BodyFeed) {
    this.#feed = feed;
  }

  /** Begins. What goes wrong is told to the target. */
  start(target: FeedTarget, patience: FeedPatience): void {
    if (this.#ended) return;
    this.#target = target;
    this.#idle = patience.idle;
    if (patience.idle > 0) {
      this.#timer = new WheelTimer(patience.wheel, this);
      this.#timer.set(patience.idle);
    }
    try {
      const control: unknown = this.#feed.start(this);
      if (!isControl(control))
        throw new NonsenseError('a feed whose start does not return the functions pause, resume and cancel');
      this.#control = control;
    } catch (thrown) {
      this.#fail(thrown, thrown instanceof NonsenseError ? 'nonsense' : 'threw');
      return;
    }
    if (this.#paused && !this.#ended) this.pause();
  }

  write(chunk: Uint8Array): boolean {
    const target = this.#target;
    if (this.#ended || target === undefined) return true;
    if (!(chunk instanceof Uint8Array)) {
      this.#fail(new NonsenseError('a feed pushed something other than octets'), 'nonsense');
      return true;
    }
    this.#timer?.set(this.#idle);
    target.cork();
    const more = target.sink.write(chunk);
    return target.uncork() && more;
  }

  end(trailers?: HeaderList): void {
    if (this.#ended) return;
    if (trailers !== undefined && !(trailers instanceof HeaderList)) {
      this.#fail(new NonsenseError('a feed ended with trailers that are no HeaderList'), 'nonsense');
      return;
    }
    this.#over();
    this.#target?.sink.end(trailers);
  }

  abort(error: GatewayError): void {
    if (this.#ended) return;
    this.#over();
    this.#target?.onBroken(error);
  }

  pause(): void {
    this.#paused = true;
    this.#timer?.clear();
    this.#steer('pause');
  }

  resume(): void {
    this.#paused = false;
    if (!this.#ended) this.#timer?.set(this.#idle);
    this.#steer('resume');
  }

  /** Nobody wants the rest, if there is one. */
  cancel(): void {
    if (this.#ended) return;
    this.#over();
    try {
      this.#control?.cancel();
    } catch (thrown) {
      this.#target?.onFailed(thrown, 'threw');
    }
  }

  onTimer(): void {
    this.#fail(new Error(`nothing came of a feed for ${this.#idle} ms`), 'timed_out');
  }

  #steer(how: 'pause' | 'resume'): void {
    if (this.#ended) return;
    try {
      this.#control?.[how]();
    } catch (thrown) {
      this.#fail(thrown, 'threw');
    }
  }

  #fail(thrown: unknown, kind: FailureKind): void {
    if (this.#ended) return;
    this.cancel();
    this.#target?.onFailed(thrown, kind);
  }

  #over(): void {
    this.#ended = true;
    this.#timer?.dispose();
  }
}

/** Policies may be written without types. */
function isControl(value: unknown): value is FeedControl {
  if (typeof value !== 'object' || value === null) return false;
  const control: Partial<Record<keyof FeedControl, unknown>> = value;
  return (['pause', 'resume', 'cancel'] as const).every((name) => typeof control[name] === 'function');
}
