import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Measured } from './measured.ts';
import type { Scores } from './score.ts';

/** Where the results of the last measurement are; the page is made from it. */
export const resultsFile = join(import.meta.dirname, 'results.json');

/** What the suite has said. */
export type Results = Readonly<Record<Measured, Scores>>;

/** The results that are committed. */
export function readResults(): Results {
  // Written by measure.ts alone, and held to what it measures by the tests.
  return JSON.parse(readFileSync(resultsFile, 'utf8')) as Results;
}
