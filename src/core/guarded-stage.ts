import type { HeaderList } from '../http/header-list.ts';
import type { BodySink, BodySource, BodyStage, StageSink } from './body.ts';
import type { GatewayError } from './errors.ts';

/**
 * A stage that cannot take anybody with it: what it throws is reported once, and nothing reaches it after that.
 * @param fail told what a method of the stage's sink has thrown; what the stage itself throws goes to whoever makes it.
 */
export function guardStage(stage: BodyStage, fail: (thrown: unknown) => void): BodyStage {
  return (next: BodySink, source: BodySource): StageSink => {
    const inner = stage(next, source);
    return inner.pause === undefined || inner.resume === undefined
      ? new GuardedSink(inner, fail)
      : new GuardedSource(inner, fail);
  };
}

class GuardedSink implements BodySink {
  protected readonly inner: StageSink;
  readonly #fail: (thrown: unknown) => void;
  #failed = false;

  constructor(inner: StageSink, fail: (thrown: unknown) => void) {
    this.inner = inner;
    this.#fail = fail;
  }

  write(chunk: Uint8Array): boolean {
    return this.guard(() => this.inner.write(chunk)) ?? true;
  }

  end(trailers?: HeaderList): void {
    this.guard(() => {
      this.inner.end(trailers);
    });
  }

  abort(error: GatewayError): void {
    this.guard(() => {
      this.inner.abort(error);
    });
  }

  protected guard<Result>(call: () => Result): Result | undefined {
    if (this.#failed) return undefined;
    try {
      return call();
    } catch (thrown) {
      this.#failed = true;
      this.#fail(thrown);
      return undefined;
    }
  }
}

/** The same for a stage that steers what comes before it. */
class GuardedSource extends GuardedSink implements BodySource {
  pause(): void {
    this.guard(() => this.inner.pause?.());
  }

  resume(): void {
    this.guard(() => this.inner.resume?.());
  }
}
