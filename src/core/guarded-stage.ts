import { HeaderList } from '../http/header-list.ts';
import type { BodySink, BodySource, BodyStage, StageSink } from './body.ts';
import type { GatewayError } from './errors.ts';

/** Who answers for a stage: told what it does wrong, and how long it takes. */
export interface StageKeeper {
  /** The time, in milliseconds, before the stage is called. */
  before(): number;
  /** It has returned. */
  after(since: number): void;
  /**
   * It has failed; told once. Nothing reaches it after that, and nothing of it comes out.
   * @param kind whether it threw (or broke its body off), or pushed what is no body.
   */
  failed(thrown: unknown, kind: 'threw' | 'nonsense'): void;
}

/** How far a body has come through one stage. */
export class StageProgress {
  readonly keeper: StageKeeper;
  /** Nothing of it is heard any more: its body has ended, or it has failed. */
  over = false;
  /** Something has gone in since the last time that something came out, or the end has. */
  busy = false;
  /** The end has gone in. */
  ended = false;
  /** What is behind it takes nothing at the moment, so that it is not to blame for nothing coming out. */
  held = false;
  /** How many chunks have come out. */
  passed = 0;
  /** The body broke off before it, and it has been told. */
  aborted = false;

  constructor(keeper: StageKeeper) {
    this.keeper = keeper;
  }

  fail(thrown: unknown, kind: 'threw' | 'nonsense'): void {
    if (this.over) return;
    this.over = true;
    this.keeper.failed(thrown, kind);
  }
}

/**
 * A stage that cannot take anybody with it: what it throws is reported once, and so is what it pushes that is no body.
 * What is thrown while it is made goes to whoever makes it.
 */
export function guardStage(stage: BodyStage, progress: StageProgress): BodyStage {
  return (next, source) => {
    const since = progress.keeper.before();
    const inner: unknown = stage(new StageOutlet(next, progress), source);
    progress.keeper.after(since);
    if (!isStageSink(inner)) throw new TypeError('a stage without the functions write, end and abort');
    return inner.pause === undefined || inner.resume === undefined
      ? new GuardedSink(inner, progress)
      : new GuardedSource(inner, progress);
  };
}

/** What goes into a stage. */
class GuardedSink implements BodySink {
  protected readonly inner: StageSink;
  protected readonly progress: StageProgress;

  constructor(inner: StageSink, progress: StageProgress) {
    this.inner = inner;
    this.progress = progress;
  }

  write(chunk: Uint8Array): boolean {
    const { progress } = this;
    if (progress.over) return true;
    progress.busy = true;
    const since = progress.keeper.before();
    let more: unknown;
    try {
      more = this.inner.write(chunk);
    } catch (thrown) {
      progress.fail(thrown, 'threw');
    }
    progress.keeper.after(since);
    // One that forgets to say so has room: else its source would wait for a word that never comes.
    return more !== false;
  }

  end(trailers?: HeaderList): void {
    const { progress } = this;
    if (progress.over) return;
    progress.busy = true;
    progress.ended = true;
    const since = progress.keeper.before();
    try {
      this.inner.end(trailers);
    } catch (thrown) {
      progress.fail(thrown, 'threw');
    }
    progress.keeper.after(since);
  }

  abort(error: GatewayError): void {
    const { progress } = this;
    if (progress.over || progress.aborted) return;
    progress.aborted = true;
    try {
      this.inner.abort(error);
    } catch (thrown) {
      progress.fail(thrown, 'threw');
    }
  }
}

/** The same for a stage that steers what comes before it. */
class GuardedSource extends GuardedSink implements BodySource {
  pause(): void {
    this.progress.held = true;
    this.#steer('pause');
  }

  resume(): void {
    this.progress.held = false;
    this.#steer('resume');
  }

  #steer(how: 'pause' | 'resume'): void {
    const { progress } = this;
    if (progress.over) return;
    const since = progress.keeper.before();
    try {
      this.inner[how]?.();
    } catch (thrown) {
      progress.fail(thrown, 'threw');
    }
    progress.keeper.after(since);
  }
}

/** What comes out of a stage, whenever it likes. */
class StageOutlet implements BodySink {
  readonly #next: BodySink;
  readonly #progress: StageProgress;

  constructor(next: BodySink, progress: StageProgress) {
    this.#next = next;
    this.#progress = progress;
  }

  write(chunk: Uint8Array): boolean {
    const progress = this.#progress;
    if (progress.over) return true;
    if (!(chunk instanceof Uint8Array)) {
      progress.fail(new TypeError('a stage pushed something other than octets'), 'nonsense');
      return true;
    }
    progress.busy = progress.ended;
    progress.passed++;
    const more = this.#next.write(chunk);
    progress.held = !more;
    return more;
  }

  end(trailers?: HeaderList): void {
    const progress = this.#progress;
    if (progress.over) return;
    if (trailers !== undefined && !(trailers instanceof HeaderList)) {
      progress.fail(new TypeError('a stage ended with trailers that are no HeaderList'), 'nonsense');
      return;
    }
    progress.over = true;
    this.#next.end(trailers);
  }

  abort(error: GatewayError): void {
    const progress = this.#progress;
    if (progress.over) return;
    // Nothing has broken off before it: it is the stage that gives up.
    if (!progress.aborted) {
      progress.fail(error, 'threw');
      return;
    }
    progress.over = true;
    this.#next.abort(error);
  }
}

/** Policies may be written without types. */
function isStageSink(value: unknown): value is StageSink {
  if (typeof value !== 'object' || value === null) return false;
  const sink: Partial<Record<keyof StageSink, unknown>> = value;
  return (['write', 'end', 'abort'] as const).every((name) => typeof sink[name] === 'function');
}
