import type { Finding } from '../config/finding.ts';
import type { Mistake } from '../config/mistake.ts';
import { withoutReplaced } from '../config/read-document.ts';
import { readWithSchema } from '../config/read-with-schema.ts';
import { documentMistakes } from './document-checks.ts';
import { readSource } from './read-source.ts';
import { documentSchema, type ExpectationsDocument } from './schema/document.ts';

/** A file of expectations in which there is no mistake. */
export interface ExpectationsFile {
  /** As it was named. */
  readonly file: string;
  readonly document: ExpectationsDocument;
  /** The line of the value at a path, counted from 1. */
  readonly lineOf: (path: readonly (string | number)[]) => number;
}

/** A file of expectations that could be read, with what is wrong with it by itself. */
export interface WrittenExpectations extends Omit<ExpectationsFile, 'document'> {
  /** What stands in the file. */
  readonly written: unknown;
  /** Undefined when there are findings. */
  readonly document: ExpectationsDocument | undefined;
  readonly findings: readonly Finding[];
  /** Finds the lines of mistakes, and puts them in order. */
  readonly locate: (findings: readonly Finding[]) => Mistake[];
}

/** Reads a file of expectations, and finds every mistake in it that needs no configuration to be seen. */
export async function readExpectations(
  file: string,
): Promise<WrittenExpectations | { readonly mistakes: readonly Mistake[] }> {
  const source = await readSource(file);
  if (!source.ok) return { mistakes: source.mistakes };
  const { value: written, locator, lineOf } = source;
  if (written === null || written === undefined) {
    const found = 'the file is empty';
    const remedy = 'write tests: with a list such as - { name: …, request: GET /, expect: { status: 200 } }';
    return { mistakes: [locator.one({ path: [], found, remedy })] };
  }
  const reading = readWithSchema(documentSchema, written);
  const own = [...(reading.ok ? [] : reading.findings), ...documentMistakes(written)];
  const findings = [...source.findings, ...withoutReplaced(own, source.findings)];
  const document = reading.ok && findings.length === 0 ? reading.value : undefined;
  return { file, written, document, findings, lineOf, locate: (all) => locator.all(all) };
}
