import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparisonSentence } from './compared-commit.ts';
import { comparisonVerdict } from './comparison.ts';
import type { Metric } from './measurement.ts';
import type { Results } from './results.ts';
import { ratioInterval } from './statistics.ts';

function compared(base: readonly number[], own: readonly number[], headline: Metric = 'cpu'): string {
  const rounds = (numbers: readonly number[]) => numbers.map((value) => ({ values: { [headline]: value } }));
  const results: Results = {
    machine: { date: '', cpu: '', cores: 2, memory: 8, system: '', commit: '', versions: {} },
    baseline: 'waygate@main',
    rounds: base.length,
    seconds: 3,
    scenarios: [
      {
        id: '1',
        title: 'Small answers',
        headline,
        proxies: [
          { key: 'nginx', name: 'nginx', runsOnNode: false, rounds: rounds([10, 11, 10, 9.5]) },
          { key: 'waygate@main', name: 'Waygate at main', runsOnNode: true, rounds: rounds(base) },
          { key: 'waygate', name: 'Waygate', runsOnNode: true, rounds: rounds(own) },
        ],
      },
    ],
  };
  return comparisonVerdict(results);
}

test('a difference that all rounds agree on is beyond noise, and the verdict says which way', () => {
  assert.match(
    compared([40, 41, 40, 39], [36, 37, 36.2, 35]),
    /^Scenario 1: BETTER, beyond noise\. CPU per request −9\.\d % against main; 95 % sure to lie between −10\.\d % and −9\.\d %, from 4 rounds; nginx itself varied between −5\.0 % and \+10\.0 %\.$/,
  );
  assert.match(compared([36, 37, 36, 35], [40, 41, 40, 39]), /^Scenario 1: WORSE, beyond noise\./);
  assert.match(
    compared([36, 37, 36, 35], [40, 41, 40, 39], 'perCpuSecond'),
    /^Scenario 1: BETTER, beyond noise\./,
  );
});

test('a difference that rounds disagree on, or that two rounds show, is none beyond noise', () => {
  assert.match(compared([40, 41, 40, 39], [36, 45, 38, 42]), /^Scenario 1: no difference beyond noise\./);
  assert.match(compared([40, 40], [38, 39]), /^Scenario 1: no difference beyond noise\./);
});

test('there is no verdict when fewer than two rounds count', () => {
  assert.equal(
    compared([40], [36]),
    'Scenario 1: no verdict, because 1 rounds count for both builds and it takes two.',
  );
});

test('the interval of a ratio is the same whichever way round it is', () => {
  const interval = ratioInterval([0.9, 0.95, 0.92]);
  const inverse = ratioInterval([1 / 0.9, 1 / 0.95, 1 / 0.92]);
  assert.ok(interval !== undefined && inverse !== undefined);
  assert.ok(Math.abs(interval.low - 1 / inverse.high) < 1e-12);
  // By hand: mean of the logarithms −0.08001, their deviation 0.02719, t = 4.303.
  assert.equal(interval.ratio.toFixed(4), '0.9231');
  assert.equal(interval.low.toFixed(3), '0.863');
  assert.equal(interval.high.toFixed(3), '0.988');
  assert.equal(ratioInterval([1]), undefined);
});

test('a comparison says what the difference is made of', () => {
  const same = { ref: 'main', commit: 'abc', tree: 'abc', changed: [], differs: false };
  assert.equal(
    comparisonSentence(same),
    'The working tree (abc) against main (abc). Both build the same: whatever difference is found is noise.',
  );
  assert.match(
    comparisonSentence({ ...same, tree: 'abc-dirty', changed: ['src/a.ts'] }),
    /The difference is what is not committed: src\/a\.ts\.$/,
  );
  assert.match(
    comparisonSentence({ ...same, differs: true, changed: ['src/a.ts', 'src/b.ts'] }),
    /What is not committed is part of it: src\/a\.ts, src\/b\.ts\.$/,
  );
  assert.equal(
    comparisonSentence({ ...same, differs: true, tree: 'def' }),
    'The working tree (def) against main (abc).',
  );
});
