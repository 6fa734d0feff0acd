import { mistakesAsJson } from '../../config/format-mistakes.ts';
import { type Coverage, percentOf } from '../../expectations/coverage.ts';
import type { FileResult, RunResult } from '../../expectations/results.ts';
import { runFiles } from '../../expectations/run-files.ts';
import { defaultFiles } from '../config-file.ts';
import { coverageText } from '../coverage-text.ts';
import { expectationFiles } from '../expectation-files.ts';
import { exitCodes, Failure } from '../failure.ts';
import type { Terminal } from '../terminal.ts';
import { fileText } from '../test-text.ts';

/** What of `waygate test` may be chosen. */
export interface TestOptions {
  /** Only tests whose names contain this. */
  readonly filter?: string;
  /** Whether each route and policy is listed that no test has met. */
  readonly coverage?: true;
  /** The smallest coverage that is no failure, in percent. */
  readonly minCoverage?: number;
  readonly json?: true;
}

/**
 * Runs expectations about a configuration against a gateway in memory.
 * @returns the exit code: 1 when a test fails, there are mistakes, or too little is covered.
 * @throws Failure when there is nothing to run.
 */
export async function test(
  terminal: Terminal,
  given: readonly string[],
  options: TestOptions,
): Promise<number> {
  const files = expectationFiles(given, process.cwd());
  const { filter, json } = options;
  const result = await runFiles(files, {
    filter,
    defaultConfigurations: defaultFiles,
    onFile: (file) => {
      if (!json) terminal.out(fileText(file, terminal.paint, terminal.color.out));
    },
  });
  if (filter !== undefined && result.ok && countOf(result).run === 0)
    throw new Failure(
      `No test has ${JSON.stringify(filter)} in its name.`,
      'Leave --filter out to run them all.',
    );
  const low = tooLow(result, options.minCoverage);
  terminal.out(json ? asJson(result, low.length === 0) : summary(result, low, options, terminal));
  return result.ok && low.length === 0 ? exitCodes.ok : exitCodes.failed;
}

/** The configurations of which less is covered than asked for. */
function tooLow({ coverage }: RunResult, least = 0): string[] {
  return [...coverage].filter(([, each]) => percentOf(each) < least).map(([name]) => name);
}

function summary(
  result: RunResult,
  low: readonly string[],
  { minCoverage, coverage: details }: TestOptions,
  { paint }: Terminal,
): string {
  const { run, failed, skipped, broken } = countOf(result);
  const parts = [
    `${run} test${run === 1 ? '' : 's'}`,
    failed === 0 ? paint('green', 'all passed') : paint('red', `${failed} failed`),
    ...(skipped === 0 ? [] : [`${skipped} left out`]),
    ...(broken === 0 ? [] : [paint('red', `${broken} file${broken === 1 ? '' : 's'} could not be run`)]),
  ].filter((part) => run > 0 || !part.includes('all passed'));
  const covered = [...result.coverage].map(([name, coverage]) =>
    coverageText(name, coverage, paint, { details: details === true || low.includes(name) }),
  );
  const fails = low.map(
    (name) =>
      `${paint('red', '✗')} That is less of ${name} than --min-coverage ${minCoverage ?? 0} asks for.\n`,
  );
  return `${parts.join(', ')}\n${[...covered, ...fails].join('')}`;
}

function countOf({ files }: RunResult): { run: number; failed: number; skipped: number; broken: number } {
  const ran = files.filter(
    (file): file is Extract<FileResult, { mistakes?: undefined }> => file.mistakes === undefined,
  );
  const tests = ran.flatMap((file) => file.tests);
  return {
    run: tests.length,
    failed: tests.filter(({ ok }) => !ok).length,
    skipped: ran.reduce((sum, { skipped }) => sum + skipped, 0),
    broken: files.length - ran.length,
  };
}

function asJson({ ok, files, coverage }: RunResult, enough: boolean): string {
  const covered = [...coverage].map(([name, each]: [string, Coverage]): [string, unknown] => [
    name,
    { percent: percentOf(each), ...each },
  ]);
  const shown = {
    ok: ok && enough,
    files: files.map((file) =>
      file.mistakes === undefined ? file : { file: file.file, mistakes: mistakesAsJson(file.mistakes) },
    ),
    coverage: Object.fromEntries<unknown>(covered),
  };
  return `${JSON.stringify(shown, null, 2)}\n`;
}
