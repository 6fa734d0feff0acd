import type { Mistake } from '../config/mistake.ts';
import { isMapping } from '../config/plain-value.ts';
import type { Config } from '../config/schema.ts';
import { ConfigError } from '../gateway/config-error.ts';
import { checkNames } from './check-names.ts';
import { type Coverage, CoverageRecord } from './coverage.ts';
import { readExpectations, type WrittenExpectations } from './expectations-file.ts';
import { findConfiguration } from './find-configuration.ts';
import type { FileResult, RunResult, TestResult } from './results.ts';
import { runTest } from './run-test.ts';
import type { ExpectationsDocument } from './schema/document.ts';
import { StagedGateway } from './staged-gateway.ts';

/** Which tests are run, and who hears of them. */
export interface RunOptions {
  /** Only tests whose names contain this, in any case. Without it: all. */
  readonly filter?: string | undefined;
  /** The names of a configuration that need not be said. */
  readonly defaultConfigurations: readonly string[];
  /** Is called with each file as it is done. */
  readonly onFile?: (result: FileResult) => void;
}

/** Runs the tests of several files, one after the other. Nothing is thrown for what is in them. */
export async function runFiles(files: readonly string[], options: RunOptions): Promise<RunResult> {
  const coverage = new Map<string, CoverageRecord>();
  const results: FileResult[] = [];
  for (const file of files) {
    const result = await runFile(file, options, coverage);
    results.push(result);
    options.onFile?.(result);
  }
  return {
    ok: results.every((result) => result.mistakes === undefined && result.tests.every(({ ok }) => ok)),
    files: results,
    coverage: new Map([...coverage].map(([name, record]): [string, Coverage] => [name, record.coverage])),
  };
}

async function runFile(
  file: string,
  options: RunOptions,
  coverage: Map<string, CoverageRecord>,
): Promise<FileResult> {
  const read = await readExpectations(file);
  if ('mistakes' in read) return { file, mistakes: read.mistakes };
  const checked = await checkFile(read, options.defaultConfigurations);
  if ('mistakes' in checked) return { file, mistakes: checked.mistakes };
  const { configuration, config, document } = checked;
  const record = coverage.get(configuration) ?? new CoverageRecord(config);
  coverage.set(configuration, record);
  const run = { file: { file, document, lineOf: read.lineOf }, configFile: configuration, coverage: record };
  const wanted = options.filter?.toLowerCase() ?? '';
  const tests: TestResult[] = [];
  for (const [index, { name }] of document.tests.entries()) {
    if (!name.toLowerCase().includes(wanted)) continue;
    const result = await runTest(run, index);
    if (result !== undefined) tests.push(result);
  }
  return { file, configuration, tests, skipped: document.tests.length - tests.length };
}

interface CheckedFile {
  readonly configuration: string;
  readonly config: Config;
  readonly document: ExpectationsDocument;
}

/** Loads the configuration, and finds whatever is wrong with it or with the expectations. */
async function checkFile(
  read: WrittenExpectations,
  names: readonly string[],
): Promise<CheckedFile | { readonly mistakes: readonly Mistake[] }> {
  const { document, findings, written, locate } = read;
  const configuration = findConfiguration(read, names);
  if (typeof configuration !== 'string')
    return { mistakes: locate([...findings, ...(configuration === undefined ? [] : [configuration])]) };
  let config: Config;
  try {
    config = await loadOnce(configuration, document?.environment ?? environmentIn(written));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { mistakes: [...locate(findings), ...error.mistakes] };
  }
  const all = [...findings, ...checkNames(written, config)];
  if (document === undefined || all.length > 0) return { mistakes: locate(all) };
  return { configuration, config, document };
}

/** @throws ConfigError when the configuration has mistakes. */
async function loadOnce(configFile: string, environment: Readonly<Record<string, string>>): Promise<Config> {
  const gateway = await StagedGateway.open({ configFile, ...nothingStaged, environment });
  await gateway.close();
  return gateway.config;
}

const nothingStaged = { time: '2026-01-01T12:00:00Z', issuers: [], targets: {}, fetches: {} };

/** What of the environment is clear although there are mistakes elsewhere. */
function environmentIn(written: unknown): Record<string, string> {
  const environment = isMapping(written) ? written['environment'] : undefined;
  if (!isMapping(environment)) return {};
  const scalars = Object.entries(environment).filter(([, value]) => typeof value !== 'object');
  return Object.fromEntries(scalars.map(([name, value]) => [name, String(value)]));
}
