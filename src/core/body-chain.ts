import type { BodySink, BodySource, BodyStage, StageSink } from './body.ts';

/** A body's way with all its stages in it. */
export interface BodyChain {
  /** What the source pushes into. */
  readonly sink: BodySink;
  /** What the last sink steers: the stage before it that holds chunks back, or else the source. */
  readonly source: BodySource;
}

/**
 * Joins stages between a source and a sink. Whoever is held up by the sink behind it is the one that is resumed: a stage
 * with `pause` and `resume` of its own steers what is before it, and a stage without is passed over.
 * @param stages from the source to the sink.
 */
export function chainStages(stages: readonly BodyStage[], source: BodySource, sink: BodySink): BodyChain {
  // The sinks are made from the end and the sources are known from the start, so each stage gets a source that is filled
  // in once the stages before it are there. Nothing flows before that.
  const links = stages.map(() => new Link(source));
  let next = sink;
  const made: StageSink[] = [];
  for (let i = stages.length - 1; i >= 0; i--) {
    const stage = stages[i];
    const link = links[i];
    if (stage === undefined || link === undefined) continue;
    const stageSink = stage(next, link);
    made.unshift(stageSink);
    next = stageSink;
  }
  let steered = source;
  for (const [i, stageSink] of made.entries()) {
    links[i]?.steer(steered);
    if (isSource(stageSink)) steered = stageSink;
  }
  return { sink: next, source: steered };
}

/** Stands for a source that is not made yet. */
class Link implements BodySource {
  #target: BodySource;

  constructor(target: BodySource) {
    this.#target = target;
  }

  steer(target: BodySource): void {
    this.#target = target;
  }

  pause(): void {
    this.#target.pause();
  }

  resume(): void {
    this.#target.resume();
  }
}

function isSource(sink: StageSink): sink is BodySink & BodySource {
  return sink.pause !== undefined && sink.resume !== undefined;
}
