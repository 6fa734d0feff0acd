import type { SuiteResults, SuiteTest } from './suite.ts';

/** How many tests of a kind were passed. */
export interface Score {
  readonly passed: number;
  readonly of: number;
}

/** What the suite says of a cache. */
export interface Scores {
  readonly required: Score;
  readonly optimal: Score;
  /** The ids of the required and optimal tests that were not passed. */
  readonly notPassed: readonly string[];
}

/** Scores as the suite does: a test does not count as passed unless those that it depends on are passed too. */
export function scoreOf(tests: readonly SuiteTest[], results: SuiteResults): Scores {
  const byId = new Map(tests.map((test) => [test.id, test]));
  const passes = ({ id, dependsOn }: SuiteTest): boolean =>
    results.get(id) === true &&
    dependsOn.every((other) => {
      const test = byId.get(other);
      return test === undefined || passes(test);
    });
  const score = (kind: SuiteTest['kind']): Score => {
    const ofKind = tests.filter((test) => test.kind === kind);
    return { passed: ofKind.filter(passes).length, of: ofKind.length };
  };
  const counted = tests.filter(({ kind }) => kind !== 'check');
  return {
    required: score('required'),
    optimal: score('optimal'),
    notPassed: counted
      .filter((test) => !passes(test))
      .map(({ id }) => id)
      .toSorted(),
  };
}
