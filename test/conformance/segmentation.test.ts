import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as fc from 'fast-check';
import { bytesOfSteps, loadVectors } from './http1-vectors/cases.ts';
import { ask } from './segmentation/client-side.ts';
import { cutAt, everyCut, someCuts } from './segmentation/cuts.ts';
import { longRequestSamples, requestSamples, responseSamples } from './segmentation/samples.ts';
import { serve } from './segmentation/server-side.ts';

/**
 * The same bytes give the same result however they are cut into reads (HARDENING F23). Connections are run on sockets
 * in memory, where a read is exactly what the test says.
 */
type Run = (pieces: readonly Buffer[]) => unknown;

function assertSame(run: Run, bytes: Buffer, cuts: readonly (readonly number[])[]): void {
  const whole = run(cutAt(bytes, []));
  for (const cut of cuts) {
    const where = cut.length > 3 ? `into ${cut.length + 1} pieces` : `at ${cut.join(', ')}`;
    assert.deepEqual(
      run(cutAt(bytes, cut)),
      whole,
      `${JSON.stringify(bytes.toString('latin1').slice(0, 300))} cut ${where}`,
    );
  }
}

function assertSameAtRandom(run: Run, bytes: Buffer): void {
  const whole = run(cutAt(bytes, []));
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: Math.max(1, bytes.length - 1) }), { maxLength: 12 });
  fc.assert(
    fc.property(cuts, (cut) => {
      assert.deepEqual(
        run(
          cutAt(
            bytes,
            cut.toSorted((a, b) => a - b),
          ),
        ),
        whole,
      );
    }),
    { numRuns: 30 },
  );
}

for (const finish of [false, true]) {
  const run: Run = (pieces) => serve(pieces, finish);
  describe(`requests cut anywhere${finish ? ', with a FIN behind them' : ''}`, () => {
    for (const [name, text] of Object.entries(requestSamples)) {
      test(`${name}: at every place, byte by byte, and at random`, () => {
        const bytes = Buffer.from(text, 'latin1');
        assertSame(run, bytes, everyCut(bytes.length));
        assertSameAtRandom(run, bytes);
      });
    }
    for (const [name, text] of Object.entries(longRequestSamples)) {
      test(`${name}: at some places, byte by byte, and at random`, () => {
        const bytes = Buffer.from(text, 'latin1');
        assertSame(run, bytes, someCuts(bytes.length));
        assertSameAtRandom(run, bytes);
      });
    }
  });

  describe(`answers of targets cut anywhere${finish ? ', with a FIN behind them' : ''}`, () => {
    for (const [name, [method, text]] of Object.entries(responseSamples)) {
      test(`${name}: at every place, byte by byte, and at random`, () => {
        const bytes = Buffer.from(text, 'latin1');
        const answer: Run = (pieces) => ask(pieces, method, finish);
        assertSame(answer, bytes, everyCut(bytes.length));
        assertSameAtRandom(answer, bytes);
      });
    }
  });
}

const vectors = loadVectors();

test(
  'the raw HTTP/1.1 cases cut anywhere',
  { skip: vectors === undefined && 'needs ../shared/vectors/http1/cases.json beside the project' },
  (t) => {
    let count = 0;
    for (const vector of vectors ?? []) {
      const bytes = Buffer.concat(bytesOfSteps(vector));
      if (bytes.length > 2000 || bytes.length === 0) continue;
      assertSame((pieces) => serve(pieces, false), bytes, everyCut(bytes.length));
      count++;
    }
    t.diagnostic(`${count} cases at every place and byte by byte`);
    assert.ok(count > 400);
  },
);
