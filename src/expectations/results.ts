import type { Mistake } from '../config/mistake.ts';
import type { Coverage } from './coverage.ts';
import type { Difference } from './difference.ts';

/** A difference with the line of the file that expected something else. */
export interface PlacedDifference extends Difference {
  readonly line: number;
}

/** What came of a request, in short; free of secrets. */
export interface Seen {
  readonly route: string | null;
  readonly policies: readonly string[];
  readonly answeredBy: string;
  readonly status: number;
  readonly error: string | undefined;
  readonly detail: string | undefined;
  /** What left for services: method and path, and the upstream. */
  readonly sent: readonly { readonly request: string; readonly upstream: string }[];
}

/** Why a request of a test failed it. Free of secrets. */
export interface StepFailure {
  /** Method and target, as in the file. */
  readonly request: string;
  /** The line of the step, or of the test where it has one request. */
  readonly line: number;
  /** Which of several steps it was, counted from 1; undefined where there is one. */
  readonly step: number | undefined;
  /** Which of several times, counted from 1; undefined where it is sent once. */
  readonly time: number | undefined;
  readonly differences: readonly PlacedDifference[];
  /** What went wrong beyond that, a sentence each. */
  readonly problems: readonly string[];
  /** What came of it; undefined when nothing did. */
  readonly seen: Seen | undefined;
}

/** What became of a test. */
export interface TestResult {
  readonly name: string;
  readonly line: number;
  readonly ok: boolean;
  /** Undefined when it passed. */
  readonly failure: StepFailure | undefined;
}

/** What became of a file: its tests, or why none was run. */
export type FileResult =
  | {
      readonly file: string;
      /** As it is named for people: relative to where the command runs, where that is shorter. */
      readonly configuration: string;
      readonly tests: readonly TestResult[];
      /** How many tests were left out by a filter. */
      readonly skipped: number;
      readonly mistakes?: undefined;
    }
  | { readonly file: string; readonly mistakes: readonly Mistake[] };

/** What became of all files. */
export interface RunResult {
  readonly ok: boolean;
  readonly files: readonly FileResult[];
  /** By the configuration's name; nothing for one that could not be loaded. */
  readonly coverage: ReadonlyMap<string, Coverage>;
}
