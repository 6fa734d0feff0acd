import type { BodySink, BodySource, BodyStage } from '../core/body.ts';
import { chainStages, type BodyChain } from '../core/body-chain.ts';
import { guardStage, StageProgress, type StageKeeper } from '../core/guarded-stage.ts';
import { type TimerOwner, type TimerWheel, WheelTimer } from '../core/timer-wheel.ts';
import type { FailureKind } from './policy-failure.ts';
import type { PolicyStopwatch } from './policy-stopwatch.ts';

/** Who answers for the stages in one direction. */
export interface StagesOwner {
  /** @param at which of the route's policies it is of. */
  stageFailed(thrown: unknown, at: number, kind: FailureKind): void;
  /** @param held milliseconds for which a stage held the event loop. */
  stageHeld(at: number, held: number): void;
}

/** What stages are watched with. */
export interface StagesPlace {
  readonly wheel: TimerWheel;
  readonly stopwatch: PolicyStopwatch;
  /** Milliseconds for which a stage may keep a body waiting. */
  readonly patience: number;
}

/**
 * The stages that policies have put into the way of one body, and who is to blame when it comes to a stop: what goes in and
 * never comes out would be waited for for ever on a route without a time-out.
 */
export class Stages implements TimerOwner {
  readonly #place: StagesPlace;
  readonly #owner: StagesOwner;
  readonly #stages: { readonly stage: BodyStage; readonly at: number; readonly progress: StageProgress }[] =
    [];
  #timer: WheelTimer | undefined;
  #passed = 0;
  #closed = false;
  /** Whose stage is being made: which of the route's policies. */
  making = 0;

  constructor(place: StagesPlace, owner: StagesOwner) {
    this.#place = place;
    this.#owner = owner;
  }

  /** @param at which of the route's policies it is of. */
  add(stage: BodyStage, at: number): void {
    const progress = new StageProgress(new Keeper(this.#owner, this.#place.stopwatch, at));
    const guarded = guardStage(stage, progress);
    this.#stages.push({
      stage: (next, source) => {
        this.making = at;
        return guarded(next, source);
      },
      at,
      progress,
    });
  }

  /** Joins them. What a stage throws while it is made is thrown here; {@link making} says whose it is. */
  chain(source: BodySource, sink: BodySink): BodyChain {
    return chainStages(
      this.#stages.map(({ stage }) => stage),
      source,
      sink,
    );
  }

  /** Something has gone in that has to come out: they want the source to wait, or have been told of the end. */
  expect(): void {
    if (this.#closed) return;
    this.#timer ??= new WheelTimer(this.#place.wheel, this);
    if (this.#timer.armed) return;
    this.#passed = this.#count();
    this.#timer.set(this.#place.patience);
  }

  onTimer(): void {
    const open = this.#stages.filter(({ progress }) => !progress.over);
    if (this.#closed || open.length === 0) return;
    const passed = this.#count();
    const stuck = open.findLast(({ progress }) => progress.busy && !progress.held);
    if (stuck === undefined || passed !== this.#passed) {
      this.expect();
      return;
    }
    stuck.progress.over = true;
    this.#owner.stageFailed(new Error('nothing came out of it in time'), stuck.at, 'timed_out');
  }

  /** The body is nobody's concern any more. */
  close(): void {
    this.#closed = true;
    this.#timer?.dispose();
  }

  #count(): number {
    return this.#stages.reduce((sum, { progress }) => sum + progress.passed, 0);
  }
}

/** Answers for one stage. */
class Keeper implements StageKeeper {
  readonly #owner: StagesOwner;
  readonly #stopwatch: PolicyStopwatch;
  readonly #at: number;

  constructor(owner: StagesOwner, stopwatch: PolicyStopwatch, at: number) {
    this.#owner = owner;
    this.#stopwatch = stopwatch;
    this.#at = at;
  }

  before(): number {
    return this.#stopwatch.now();
  }

  after(since: number): void {
    const held = this.#stopwatch.held(since, this.#stopwatch.now());
    if (held > 0) this.#owner.stageHeld(this.#at, held);
  }

  failed(thrown: unknown, kind: 'threw' | 'nonsense'): void {
    this.#owner.stageFailed(thrown, this.#at, kind);
  }
}
