import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goalsMarkdown } from './goals.ts';
import { reportMarkdown } from './report.ts';
import type { Results, ScenarioResult } from './results.ts';
import { performancePage } from './performance-page.ts';
import { nodeProxiesAhead, ratioOf, summaryOf } from './results.ts';
import { smokeVerdict } from './smoke.ts';
import { summarize } from './statistics.ts';

const scenario: ScenarioResult = {
  id: '1',
  title: 'Small answers',
  headline: 'cpu',
  proxies: [
    {
      key: 'nginx',
      name: 'nginx',
      runsOnNode: false,
      rounds: [{ values: { cpu: 10 } }, { values: { cpu: 20 } }, { values: { cpu: 12 } }],
    },
    {
      key: 'waygate',
      name: 'Waygate',
      runsOnNode: true,
      rounds: [
        { values: { cpu: 15 } },
        { values: { cpu: 40 } },
        { values: {}, void: '3 of 100 requests failed' },
      ],
    },
    {
      key: 'fastify',
      name: 'Fastify',
      runsOnNode: true,
      rounds: [{ values: { cpu: 90 } }, { values: { cpu: 90 } }, { values: {} }],
    },
  ],
};
const [nginx, waygate, fastify] = scenario.proxies;

const results: Results = {
  machine: {
    date: '2026-11-22',
    cpu: 'a core',
    cores: 2,
    memory: 8,
    system: 'Linux',
    commit: 'abc',
    versions: {},
  },
  baseline: 'nginx',
  rounds: 3,
  seconds: 4,
  scenarios: [scenario],
};

test('a summary is the median with the smallest and the largest', () => {
  assert.deepEqual(summarize([3, 1, 2]), { median: 2, min: 1, max: 3 });
  assert.deepEqual(summarize([4, 1, 2, 3]), { median: 2.5, min: 1, max: 4 });
  assert.equal(summarize([]), undefined);
});

test('a ratio compares within a round, and leaves out rounds in which one of the two is void', () => {
  assert.ok(nginx !== undefined && waygate !== undefined);
  assert.deepEqual(ratioOf(scenario, 'nginx', waygate), { median: 1.75, min: 1.5, max: 2 });
  assert.deepEqual(ratioOf(scenario, 'nginx', nginx), { median: 1, min: 1, max: 1 });
  assert.equal(ratioOf(scenario, 'haproxy', waygate), undefined);
  assert.deepEqual(summaryOf(waygate, 'cpu'), { median: 27.5, min: 15, max: 40 });
});

test('the report shows ratio, spread, how many rounds count, and below the tables why others do not', () => {
  const report = reportMarkdown(results);
  assert.match(report, /^\| proxy \| CPU per request, nginx = 1 \| CPU per request, µs \|$/m);
  assert.match(report, /^\| nginx \| \*\*1\.00\*\* \(1\.00–1\.00\) \| 12\.0 \(10\.0–20\.0\) \|$/m);
  assert.match(report, /^\| Waygate \(2 of 3 rounds\) \| \*\*1\.75\*\*/m);
  assert.match(report, /^- Scenario 1, Waygate: 1 of 3 rounds\. 3 of 100 requests failed\.$/m);
  const nothing = reportMarkdown({ ...results, scenarios: [] });
  assert.match(nothing, /Nothing: no round had an error/);
});

test('the smoke test passes when Waygate costs less than Fastify, and fails when it costs more or was not measured', () => {
  const said: string[] = [];
  const print = (line: string): void => void said.push(line);
  assert.equal(smokeVerdict(results, print), 0);
  assert.ok(fastify !== undefined && nginx !== undefined);
  const swapped = [
    { ...fastify, key: 'waygate' },
    { ...nginx, key: 'fastify' },
  ];
  assert.equal(smokeVerdict({ ...results, scenarios: [{ ...scenario, proxies: swapped }] }, print), 1);
  assert.equal(smokeVerdict({ ...results, scenarios: [{ ...scenario, proxies: [nginx] }] }, print), 1);
  assert.match(said.join('\n'), /costs less .*\n.*costs MORE .*\nNot measured/);
});

test('a goal is met, missed or not measured, and the table says which', () => {
  const measured = { ...scenario, id: '7', proxies: scenario.proxies };
  const table = goalsMarkdown({ ...results, scenarios: [measured] });
  assert.match(
    table,
    /^\| CPU per request with access log and metrics, .* \| at most 1\.5 \| 1\.75 \| \*\*no\*\* \|$/m,
  );
  assert.match(table, /^\| KiB of memory .* \| not measured \| +\|$/m);
  assert.ok(nginx !== undefined);
  const cheaper = { ...measured, proxies: [nginx, { ...nginx, key: 'waygate' }] };
  assert.match(
    goalsMarkdown({ ...results, scenarios: [cheaper] }),
    /^\| CPU per request with .* \| 1\.00 \| yes \|$/m,
  );
});

test('a scenario that could not be run says so in its place and in the list of what does not count', () => {
  const failed = { ...scenario, proxies: [], failed: 'the target ended' };
  const report = reportMarkdown({ ...results, scenarios: [failed] });
  assert.match(report, /^### 1\. Small answers\n\nCould not be run: the target ended$/m);
  assert.match(report, /^- Scenario 1 could not be run: the target ended$/m);
});

test('a Node proxy is ahead when its headline is better in the same round: less CPU, or more bytes a CPU second', () => {
  assert.ok(nginx !== undefined && waygate !== undefined && fastify !== undefined);
  assert.deepEqual(nodeProxiesAhead(scenario), []);
  const faster = { ...fastify, rounds: [{ values: { cpu: 14 } }, { values: { cpu: 39 } }] };
  const ahead = { ...scenario, proxies: [nginx, waygate, faster] };
  assert.deepEqual(nodeProxiesAhead(ahead), [faster]);
  const bulk = (amount: number) => [{ values: { perCpuSecond: amount } }];
  const bytes = {
    ...scenario,
    headline: 'perCpuSecond' as const,
    proxies: [
      { ...waygate, rounds: bulk(500) },
      { ...fastify, rounds: bulk(501) },
    ],
  };
  assert.equal(nodeProxiesAhead(bytes)?.length, 1);
  assert.equal(nodeProxiesAhead({ ...scenario, proxies: [nginx, waygate] }), undefined);
  const table = goalsMarkdown({ ...results, scenarios: [ahead] });
  assert.match(table, /^\| scenarios in which .* \| at most 0 \| 1 \(1: Fastify\) \| \*\*no\*\* \|$/m);
  const met = goalsMarkdown(results);
  assert.match(met, /^\| scenarios in which another Node proxy is ahead \| at most 0 \| 0 \| yes \|$/m);
});

test('a build of another commit, or a variant, is no rival', () => {
  assert.ok(waygate !== undefined && fastify !== undefined);
  const cheaper = { ...waygate, key: 'waygate@main', rounds: [{ values: { cpu: 1 } }] };
  const variant = { ...cheaper, key: 'waygate-2-threads' };
  assert.deepEqual(nodeProxiesAhead({ ...scenario, proxies: [waygate, cheaper, variant, fastify] }), []);
});

test('the page says how many goals are met, missed and not measured', () => {
  const page = performancePage({ ...results, scenarios: [{ ...scenario, id: '7' }] });
  assert.match(page, /^Of \d+ goals 1 are met, 1 are not, and \d+ were not measured\.$/m);
  assert.match(page, /\[bench\/README\.md\]\(\.\.\/bench\/README\.md\)/);
  assert.match(page, /^### 7\. Small answers$/m);
});
