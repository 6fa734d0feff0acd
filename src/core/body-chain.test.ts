import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { chainStages } from './body-chain.ts';
import type { BodySink, BodySource, BodyStage } from './body.ts';

const bytes = Uint8Array.of(1);

function recorder(log: string[], name: string): BodySink & BodySource {
  return {
    write: () => log.push(`${name}.write`) > 0,
    end: () => void log.push(`${name}.end`),
    abort: () => void log.push(`${name}.abort`),
    pause: () => void log.push(`${name}.pause`),
    resume: () => void log.push(`${name}.resume`),
  };
}

function passing(log: string[], name: string): BodyStage {
  return (next) => ({
    write(chunk) {
      log.push(`${name}.write`);
      return next.write(chunk);
    },
    end: (trailers) => next.end(trailers),
    abort: (error) => next.abort(error),
  });
}

/** A stage with room of its own: it passes on being resumed only when it says so in the log. */
function holding(log: string[], name: string): BodyStage {
  return (next, source) => ({
    write(chunk) {
      log.push(`${name}.write`);
      next.write(chunk);
      return false;
    },
    end: (trailers) => next.end(trailers),
    abort: (error) => next.abort(error),
    pause: () => void log.push(`${name}.pause`),
    resume() {
      log.push(`${name}.resume`);
      source.resume();
    },
  });
}

describe('chainStages', () => {
  it('joins stages from the source to the sink', () => {
    const log: string[] = [];
    const { sink } = chainStages(
      [passing(log, 'first'), passing(log, 'second')],
      recorder(log, 'source'),
      recorder(log, 'sink'),
    );
    assert.equal(sink.write(bytes), true);
    sink.end();
    assert.deepEqual(log, ['first.write', 'second.write', 'sink.write', 'sink.end']);
  });

  it('is the sink and the source themselves without stages', () => {
    const source = recorder([], 'source');
    const sink = recorder([], 'sink');
    assert.deepEqual(chainStages([], source, sink), { sink, source });
  });

  it('steers the source itself past stages that hold nothing back', () => {
    const log: string[] = [];
    const chain = chainStages(
      [passing(log, 'a'), passing(log, 'b')],
      recorder(log, 'source'),
      recorder(log, 'sink'),
    );
    chain.source.pause();
    chain.source.resume();
    assert.deepEqual(log, ['source.pause', 'source.resume']);
  });

  it('steers the last stage that holds chunks back, and each of those the one before', () => {
    const log: string[] = [];
    const stages = [
      passing(log, 'a'),
      holding(log, 'b'),
      passing(log, 'c'),
      holding(log, 'd'),
      passing(log, 'e'),
    ];
    const chain = chainStages(stages, recorder(log, 'source'), recorder(log, 'sink'));
    chain.source.resume();
    assert.deepEqual(log, ['d.resume', 'b.resume', 'source.resume']);
    log.length = 0;
    chain.source.pause();
    assert.deepEqual(log, ['d.pause']);
    assert.equal(chain.sink.write(bytes), false);
  });
});
