import { checkDraft } from './check-draft.ts';
import type { Draft } from './draft.ts';
import type { Report, ReportWriter } from './report.ts';
import { writeDraft } from './write-draft.ts';

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** What a source came to: a draft, and what there is to say about it. */
export interface Imported {
  readonly draft: Draft;
  readonly report: ReportWriter;
}

/** A configuration as a file, and what became of everything in the source. */
export interface FinishedImport {
  /** Commented YAML that `waygate check` finds nothing wrong with, once the report's variables are set. */
  readonly text: string;
  readonly report: Report;
}

/**
 * Takes out of a draft what the gateway would not start with, and writes it.
 * @param folder where the file will be.
 * @param schema where editors find the JSON Schema, as seen from there.
 * @param env what it may name; the variables of the report need not be among it.
 */
export async function finishImport(
  { draft, report }: Imported,
  folder: string,
  schema: string,
  env: Environment,
): Promise<FinishedImport> {
  await checkDraft(draft, folder, report, env);
  return { text: writeDraft(draft, schema), report };
}
