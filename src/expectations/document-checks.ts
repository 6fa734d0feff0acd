import type { Finding } from '../config/finding.ts';
import { isMapping } from '../config/plain-value.ts';

/**
 * What no key of a file of expectations shows by itself: names that stand twice, tests without a request or without anything
 * expected. Looks at what is written, so that other mistakes do not hide these.
 */
export function documentMistakes(written: unknown): Finding[] {
  const tests = isMapping(written) && Array.isArray(written['tests']) ? written['tests'] : [];
  const first = new Map<unknown, number>();
  return tests.flatMap((test: unknown, index): Finding[] => {
    if (!isMapping(test)) return [];
    const { name } = test;
    const earlier = typeof name === 'string' ? first.get(name.trim()) : undefined;
    if (typeof name === 'string' && earlier === undefined) first.set(name.trim(), index);
    return [
      ...(earlier === undefined ? [] : [sameName(name, index)]),
      ...testMistakes(test, ['tests', index]),
    ];
  });
}

function sameName(name: unknown, index: number): Finding {
  return {
    path: ['tests', index, 'name'],
    found: `the name ${JSON.stringify(name)} stands twice`,
    remedy: 'give one of them another name',
  };
}

function testMistakes(
  test: Readonly<Record<string, unknown>>,
  path: readonly (string | number)[],
): Finding[] {
  const { steps } = test;
  if (steps === undefined) {
    const findings: Finding[] = [];
    if (test['request'] === undefined)
      findings.push({
        path,
        found: 'the test has no request',
        remedy: 'write request: GET /…, or several under steps:',
      });
    if (test['expect'] === undefined)
      findings.push({
        path,
        found: 'the test expects nothing',
        remedy: 'write expect: with what must come of it, such as { status: 200 }',
      });
    return findings;
  }
  const beside = ['request', 'expect', 'repeat'].filter((key) => test[key] !== undefined);
  const findings = beside.map((key): Finding => ({
    path: [...path, key],
    at: 'key',
    found: `${key} and steps stand in the same test`,
    remedy: `write ${key}: in one of the steps`,
  }));
  const expects = (step: unknown): boolean => !isMapping(step) || step['expect'] !== undefined;
  if (beside.includes('expect') || !Array.isArray(steps) || steps.length === 0 || steps.some(expects))
    return findings;
  const found = 'the test expects nothing';
  return [
    ...findings,
    { path: [...path, 'steps'], at: 'key', found, remedy: 'write expect: in one of the steps at least' },
  ];
}
