import { notPassed, notPassedWithoutOptions } from './not-passed.ts';
import type { Results } from './results.ts';
import type { Scores } from './score.ts';

const begin = '<!-- Generated from test/conformance/http-cache-tests/results.json: npm run generate -->';
const end = '<!-- The end of what is generated. -->';

/** `docs/caching.md` with the score and the tests that are not passed as they are now, between its marks. */
export function withScores(page: string, results: Results): string {
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from === -1 || to < from) throw new Error('docs/caching.md has no marks for what is generated.');
  return `${page.slice(0, from)}${begin}\n\n${section(results)}\n${page.slice(to)}`;
}

function section({ best, without }: Results): string {
  const row = (name: string, { required, optimal }: Scores): string =>
    `| ${name} | ${required.passed} of ${required.of} | ${optimal.passed} of ${optimal.of} |`;
  return [
    '| options | required | optimal |',
    '| --- | --- | --- |',
    row('`heuristic: true`, `staleIfError: 1m`, `setCookie: strip`', best),
    row('none', without),
    '',
    'Not passed, with the reason:',
    '',
    ...reasons(notPassed, best),
    '',
    'Without options, beside these:',
    '',
    ...reasons(notPassedWithoutOptions, without),
    '',
  ].join('\n');
}

function reasons(list: typeof notPassed, { notPassed: ids }: Scores): string[] {
  return list.flatMap(({ tests, why }) => {
    const still = tests.filter((id) => ids.includes(id));
    return still.length === 0 ? [] : [`- ${still.map((id) => `\`${id}\``).join(', ')}: ${why}`];
  });
}
