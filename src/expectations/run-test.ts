import { compare } from './compare.ts';
import type { CoverageRecord } from './coverage.ts';
import type { ExpectationsFile } from './expectations-file.ts';
import { ReportMask } from './mask.ts';
import type { Observation } from './observation.ts';
import type { Seen, StepFailure, TestResult } from './results.ts';
import { StagedGateway } from './staged-gateway.ts';
import { type PlacedStep, stepsOf } from './steps.ts';
import { NoAnswerError } from './until-answered.ts';

/** What all tests of a file have in common. */
export interface TestRun {
  readonly file: ExpectationsFile;
  readonly configFile: string;
  readonly coverage: CoverageRecord;
}

/** Runs a test against a gateway of its own. It ends with the first request that does not come out as expected. */
export async function runTest(run: TestRun, index: number): Promise<TestResult | undefined> {
  const { document, lineOf } = run.file;
  const test = document.tests[index];
  if (test === undefined) return undefined;
  const line = lineOf(['tests', index]);
  const gateway = await StagedGateway.open({
    configFile: run.configFile,
    ...document,
    targets: { ...document.targets, ...test.targets },
    fetches: { ...document.fetches, ...test.fetches },
  });
  try {
    const failure = await runSteps(run, stepsOf(test, index), gateway);
    return { name: test.name, line, ok: failure === undefined, failure };
  } finally {
    await gateway.close();
  }
}

/** @returns why the first request that does not come out as expected does not; undefined when all do. */
async function runSteps(
  run: TestRun,
  steps: readonly PlacedStep[],
  gateway: StagedGateway,
): Promise<StepFailure | undefined> {
  for (const [index, step] of steps.entries()) {
    if (step.after !== undefined) await gateway.pass(step.after);
    for (let time = 1; time <= step.repeat; time++) {
      const outcome = await runOnce(run, gateway, step);
      if (outcome === undefined) continue;
      return {
        ...outcome,
        step: steps.length > 1 ? index + 1 : undefined,
        time: step.repeat > 1 ? time : undefined,
      };
    }
  }
  return undefined;
}

type Outcome = Omit<StepFailure, 'step' | 'time'>;

/** @returns why the request fails the test; undefined when it does not. */
async function runOnce(
  { file: { document, lineOf }, coverage }: TestRun,
  gateway: StagedGateway,
  { request, expect, path }: PlacedStep,
): Promise<Outcome | undefined> {
  const mask = new ReportMask(document.environment);
  const about = {
    request: mask.line(`${request.method} ${request.target}`),
    line: lineOf([...path, 'request']),
  };
  const failed = (problems: readonly string[]): readonly string[] =>
    [...problems, ...missing(gateway.unanswered)].map((text) => mask.text(text));
  let seen: Observation;
  try {
    seen = await gateway.send(request);
  } catch (error) {
    if (!(error instanceof NoAnswerError)) throw error;
    return { ...about, differences: [], problems: failed([error.message]), seen: undefined };
  }
  coverage.met(seen.route ?? '', seen.policies.length);
  const differences = expect === undefined ? [] : compare(expect, seen);
  if (differences.length === 0 && seen.unanswered.length === 0) return undefined;
  return {
    ...about,
    differences: differences.map((each) =>
      mask.difference({ ...each, line: lineOf([...path, 'expect', ...each.path]) }),
    ),
    // Keys are fetched before the first request as well.
    problems: failed(seen.failures),
    seen: inShort(seen, mask),
  };
}

function inShort(
  { route, policies, answeredBy, status, error, detail, sent }: Observation,
  mask: ReportMask,
): Seen {
  return {
    ...{ route, policies, answeredBy, status, error },
    detail: detail === undefined ? undefined : mask.text(detail),
    sent: sent.map(({ line, upstream }) => ({ request: mask.line(line), upstream })),
  };
}

function missing(unanswered: readonly string[]): string[] {
  return unanswered.map(
    (what) => `a policy asks for ${what}, and the file has no answer for that: ${remedyFor(what)}`,
  );
}

const discovery = '/.well-known/openid-configuration';

function remedyFor(what: string): string {
  const url = what.slice(what.indexOf(' ') + 1);
  if (url.endsWith(discovery)) return `write ${url.slice(0, -discovery.length)} under issuers:`;
  return 'write it under fetches:, or as the jwks: of one of the issuers';
}
