import { extname, resolve } from 'node:path';
import type { Finding } from '../config/finding.ts';
import { jsonMistake } from '../config/json-source.ts';
import { Locator, type Origin } from '../config/locator.ts';
import type { Mistake } from '../config/mistake.ts';
import { fileProblem, readFileFromDisk } from '../config/read-file.ts';
import { decodeSource, maxFileBytes } from '../config/source-text.ts';
import { TextLines } from '../config/text-lines.ts';
import { readYaml } from '../config/yaml-source.ts';

/** A value from a file, and the way back to its lines; or what keeps the file from being read. */
export type ReadSource =
  | {
      readonly ok: true;
      readonly value: unknown;
      readonly findings: readonly Finding[];
      readonly locator: Locator;
      /** The line of the value at a path, counted from 1. */
      readonly lineOf: (path: readonly (string | number)[]) => number;
    }
  | { readonly ok: false; readonly mistakes: readonly Mistake[] };

/** Reads YAML, or JSON where the name says so, as a configuration is read. Nothing is thrown for any file. */
export async function readSource(file: string): Promise<ReadSource> {
  const path = resolve(file);
  const failed = (found: string, remedy: string, place?: { line: number; column: number }): ReadSource => ({
    ok: false,
    mistakes: [
      { file, line: place?.line, column: place?.column, path: [], found, remedy, excerpt: undefined },
    ],
  });
  let bytes: Uint8Array;
  try {
    bytes = await readFileFromDisk(path, maxFileBytes);
  } catch (error) {
    const { problem, remedy } = fileProblem(error);
    return failed(`the file ${problem}`, remedy);
  }
  const decoded = decodeSource(bytes);
  if (!decoded.ok) return failed(decoded.found, decoded.remedy, decoded);
  return readText(file, decoded.text, extname(path).toLowerCase() === '.json');
}

function readText(file: string, text: string, json: boolean): ReadSource {
  const lines = new TextLines(text);
  const notJson = json && text.trim() !== '' ? jsonMistake(text) : undefined;
  const source = notJson === undefined ? readYaml(text, lines) : undefined;
  const findings = notJson === undefined ? (source?.findings ?? []) : [notJson];
  const origin: Origin = { file, lines, offsetOf: source?.offsetOf };
  const locator = new Locator(origin, []);
  if (source === undefined || (findings.length > 0 && source.value === undefined))
    return { ok: false, mistakes: locator.all(findings.map((finding) => withQuotes(finding, lines))) };
  return {
    ok: true,
    value: source.value,
    findings,
    locator,
    lineOf: (path) => lines.place(source.offsetOf(path, 'value')).line,
  };
}

/** In braces, a regular expression without quotes ends at the first bracket or comma in it. */
const unquoted = /[{,][^"'#]*:\s*\/[^"'\s]*[[\]{},]/;

function withQuotes<Some extends Finding & { readonly offset: number }>(
  finding: Some,
  lines: TextLines,
): Some {
  if (!unquoted.test(lines.line(lines.place(finding.offset).line).slice(0, 2000))) return finding;
  return { ...finding, remedy: "put the regular expression in quotes: '/…/'" };
}
