import type { Metric } from './measurement.ts';
import type { Results } from './results.ts';
import { differenceTo, nodeProxiesAhead, ratioOf, summaryOf } from './results.ts';

/** Something that the figures have to show. */
interface Goal {
  readonly sentence: string;
  /** The figure; undefined when the run did not measure it. */
  readonly measured: (results: Results) => number | undefined;
  readonly limit: number;
  readonly is: 'at most' | 'at least';
  /** What a reader wants to know beyond the figure. */
  readonly detail?: (results: Results) => string;
}

/** What Waygate promises about its speed. */
const goals: readonly Goal[] = [
  {
    sentence: "CPU per request with access log and metrics, nginx's = 1",
    measured: (results) => ratio(results, '7', 'nginx'),
    limit: 1.5,
    is: 'at most',
  },
  {
    sentence:
      'CPU per request of http-proxy-middleware with keep-alive, Waygate with access log and metrics = 1',
    measured: (results) => inverse(ratio(results, '7', 'express-keep-alive')),
    limit: 8,
    is: 'at least',
  },
  {
    sentence:
      'CPU per request of http-proxy-middleware as in tutorials, Waygate with access log and metrics = 1',
    measured: (results) => inverse(ratio(results, '7', 'express-tutorial')),
    limit: 18,
    is: 'at least',
  },
  {
    sentence: "p99 at half load, nginx's = 1",
    measured: (results) => ratio(results, '9', 'nginx'),
    limit: 2,
    is: 'at most',
  },
  {
    sentence: 'scenarios in which another Node proxy is ahead',
    measured: (results) => comparedWithNode(results)?.filter(({ ahead }) => ahead.length > 0).length,
    detail: (results) =>
      (comparedWithNode(results) ?? [])
        .filter(({ ahead }) => ahead.length > 0)
        .map(({ id, ahead }) => `${id}: ${ahead.map(({ name }) => name).join(', ')}`)
        .join('; '),
    limit: 0,
    is: 'at most',
  },
  {
    sentence: "throughput per CPU second with answers of 10 MiB, nginx's = 1",
    measured: (results) => ratio(results, '4b', 'nginx'),
    limit: 0.7,
    is: 'at least',
  },
  {
    sentence: 'KiB of memory for an idle connection',
    measured: (results) => median(results, '10', 'memory'),
    limit: 10,
    is: 'at most',
  },
  {
    sentence: 'milliseconds from start to first answer with 1,000 routes',
    measured: (results) => median(results, '11b', 'start'),
    limit: 400,
    is: 'at most',
  },
  {
    sentence: 'CPU per request with 10,000 routes, with 10 = 1',
    measured: (results) => quotient(median(results, '6b', 'cpu'), median(results, '6a', 'cpu')),
    limit: 1.05,
    is: 'at most',
  },
  {
    sentence: 'CPU per request over 1,024 connections, over 64 = 1',
    measured: (results) => quotient(median(results, '2', 'cpu'), median(results, '1', 'cpu')),
    limit: 1.1,
    is: 'at most',
  },
  {
    sentence: 'CPU per request of 2 threads on one core, of 1 thread = 1: stays flat',
    measured: (results) => inverse(ratio(results, '12a', 'waygate-2-threads')),
    limit: 1.1,
    is: 'at most',
  },
  {
    sentence: 'CPU per request of 2 threads on two cores, of 1 thread = 1: stays flat',
    measured: (results) => inverse(ratio(results, '12b', 'waygate-2-threads')),
    limit: 1.1,
    is: 'at most',
  },
  {
    sentence: 'µs of CPU that `jwt` takes for a request with a remembered RS256 token',
    measured: (results) => difference(results, '14', 'waygate-plain'),
    limit: 4,
    is: 'at most',
  },
  {
    sentence:
      "CPU per request of the tutorials' program with its import changed, on http-proxy-middleware 4 = 1",
    measured: (results) =>
      quotient(
        median(results, '17', 'cpu', 'waygate-drop-in'),
        median(results, '17', 'cpu', 'express-tutorial-4'),
      ),
    limit: 0.6,
    is: 'at most',
  },
];

/** The goals as a table: what was measured, and whether it is enough. */
export function goalsMarkdown(results: Results): string {
  const judged = goals.map((goal) => judge(goal, results));
  const count = (met: boolean | undefined): number => judged.filter((each) => each.met === met).length;
  const rows = judged.map(
    ({ goal, shown, met }) =>
      `| ${goal.sentence} | ${goal.is} ${goal.limit} | ${shown} | ${met === undefined ? '' : met ? 'yes' : '**no**'} |`,
  );
  return `Of ${goals.length} goals ${count(true)} are met, ${count(false)} are not, and ${count(undefined)} were not measured.

| goal | limit | measured | met |
|---|---|--:|---|
${rows.join('\n')}
`;
}

function judge(goal: Goal, results: Results): { goal: Goal; shown: string; met: boolean | undefined } {
  const { measured, limit, is, detail } = goal;
  const figure = measured(results);
  if (figure === undefined) return { goal, shown: 'not measured', met: undefined };
  const more = detail?.(results) ?? '';
  const digits = { minimumSignificantDigits: 3, maximumSignificantDigits: 3 };
  const number = detail === undefined ? figure.toLocaleString('en-US', digits) : String(figure);
  return {
    goal,
    shown: more === '' ? number : `${number} (${more})`,
    met: is === 'at most' ? figure <= limit : figure >= limit,
  };
}

/** The scenarios in which Waygate and another Node proxy were measured, with those that are ahead; undefined for none. */
function comparedWithNode({ scenarios }: Results) {
  const compared = scenarios.flatMap((scenario) => {
    const ahead = nodeProxiesAhead(scenario);
    return ahead === undefined ? [] : [{ id: scenario.id, ahead }];
  });
  return compared.length === 0 ? undefined : compared;
}

function measuredOf(results: Results, id: string, name = 'waygate') {
  const scenario = results.scenarios.find((each) => each.id === id);
  const proxy = scenario?.proxies.find(({ key }) => key === name);
  return scenario === undefined || proxy === undefined ? undefined : { scenario, proxy };
}

/** Waygate's headline as a ratio to another proxy's, round by round. */
function ratio(results: Results, id: string, other: string): number | undefined {
  const found = measuredOf(results, id);
  return found === undefined ? undefined : ratioOf(found.scenario, other, found.proxy)?.median;
}

function median(results: Results, id: string, metric: Metric, name?: string): number | undefined {
  const found = measuredOf(results, id, name);
  return found === undefined ? undefined : summaryOf(found.proxy, metric)?.median;
}

/** By how much Waygate's headline is more than another proxy's, round by round. */
function difference(results: Results, id: string, other: string): number | undefined {
  const found = measuredOf(results, id);
  return found === undefined ? undefined : differenceTo(found.scenario, other, found.proxy)?.median;
}

function inverse(number: number | undefined): number | undefined {
  return quotient(1, number);
}

function quotient(above: number | undefined, below: number | undefined): number | undefined {
  return above === undefined || below === undefined || below === 0 ? undefined : above / below;
}
