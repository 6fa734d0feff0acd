import { setImmediate } from 'node:timers/promises';
import type { PolicyDefinition } from '../core/policy.ts';
import { buildConfig } from './build-config.ts';
import type { RegExpVerdicts } from './checks/regular-expressions.ts';
import { policyOptionMistakes } from './checks/policy-options.ts';
import { readAuthorities } from './checks/certificate-files.ts';
import { crossMistakes } from './cross-mistakes.ts';
import { completeView, salvagedView } from './document-view.ts';
import type { Finding } from './finding.ts';
import { readNamedFiles } from './named-files.ts';
import { isMapping, valueAt } from './plain-value.ts';
import type { FindModule } from './policy-modules/find-module.ts';
import type { PolicyModulesReading } from './policy-modules/load-policy-modules.ts';
import type { ReadFile } from './read-file.ts';
import { readWithSchema, type FlatIssue } from './read-with-schema.ts';
import type { Config } from './schema.ts';
import { documentSchema, type ConfigDocument, type DocumentSchema } from './schema/document.ts';
import { filesNamedIn, substitute, type Substitution } from './substitute.ts';

/** What a document is read with. */
export interface DocumentContext {
  /** What may stand in a list of policies without the modules of the document. */
  readonly policies: readonly PolicyDefinition[];
  /** What may stand there together with these, which the modules have brought. */
  readonly withPolicies: (own: readonly PolicyDefinition[]) => readonly PolicyDefinition[];
  readonly findModule: FindModule;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: ReadFile;
  /** The folder that file names in the document are relative to. */
  readonly folder: string;
  readonly verdicts: RegExpVerdicts;
  /** How long a module with policies may take to be imported, in milliseconds; 30 s when left out. */
  readonly importPatience?: number | undefined;
}

/** What became of a document. */
export interface DocumentReading {
  /** Undefined when there are findings. */
  readonly config: Config | undefined;
  /** What may stand in its lists of policies. */
  readonly policies: readonly PolicyDefinition[];
  /** Those of them that its modules have brought. */
  readonly ownPolicies: readonly PolicyDefinition[];
  readonly findings: readonly Finding[];
  /** Every file that was read or should have been, as an absolute path. */
  readonly files: readonly string[];
  /** What in the document came from outside. */
  readonly substitutions: readonly Substitution[];
}

/** Reads a document as one writes it: replaces `${…}`, checks every key by itself, then the keys against each other. */
export async function readDocument(written: unknown, context: DocumentContext): Promise<DocumentReading> {
  const named = await readNamedFiles(filesNamedIn(written), context);
  const { value, substitutions, findings } = substitute(written, { env: context.env, files: named.texts });
  const modules = await readPolicyModules(value, context);
  const { definitions: ownPolicies } = modules;
  const policies = ownPolicies.length === 0 ? context.policies : context.withPolicies(ownPolicies);
  const schema = documentSchema(policies);
  const { document, raw, schemaFindings } = readKeys(schema, value, substitutions);
  const view = document === undefined ? salvagedView(schema, raw) : completeView(document, raw);
  const authorities = await readAuthorities(view, context);
  const crossed = await toEnd(crossMistakes(view, policies, context.verdicts));
  const ofSchema = modules.findings.length === 0 ? schemaFindings : schemaFindings.filter(isSure);
  const mistakes = [...modules.findings, ...ofSchema, ...crossed, ...authorities.findings];
  // What no snapshot will be made of, policies will not be asked about either.
  const broken = mistakes.length > 0 || findings.length > 0;
  if (broken) mistakes.push(...policyOptionMistakes(schema, view, policies));
  const all = [...withoutReplaced(mistakes, findings), ...findings];
  return {
    config:
      document === undefined || all.length > 0
        ? undefined
        : buildConfig(authorities.locate(document), modules.modules),
    policies,
    ownPolicies,
    findings: all,
    files: [...named.files, ...modules.files, ...authorities.files],
    substitutions,
  };
}

/** How long a module with policies may take to be imported, in milliseconds. */
const usualImportPatience = 30_000;

const noModules: PolicyModulesReading = { modules: [], definitions: [], findings: [], files: [] };

/** Policies come before everything else: what may stand in the document depends on them. */
async function readPolicyModules(value: unknown, context: DocumentContext): Promise<PolicyModulesReading> {
  const written = valueAt(value, ['policyModules']);
  if (!Array.isArray(written) || written.length === 0) return noModules;
  // Most configurations have none, and need not wait for what loads them.
  const { loadPolicyModules } = await import('./policy-modules/load-policy-modules.ts');
  const { folder, policies, findModule: find, importPatience: patience = usualImportPatience } = context;
  return loadPolicyModules(written, { folder, find, policies, patience });
}

/** A policy that nobody knows may be one of a module that could not be loaded. */
function isSure({ found }: Finding): boolean {
  return !found.startsWith('there is no policy ');
}

/** Lets other work go on between the steps of the checks. */
async function toEnd<Result>(steps: Generator<undefined, Result, void>): Promise<Result> {
  for (;;) {
    const step = steps.next();
    if (step.done === true) return step.value;
    await setImmediate();
  }
}

interface KeysRead {
  /** Undefined when there are findings. */
  readonly document: ConfigDocument | undefined;
  /** What was read: the value, in which a `${…}` for a number has become one. */
  readonly raw: unknown;
  readonly schemaFindings: readonly Finding[];
}

function readKeys(schema: DocumentSchema, value: unknown, substitutions: readonly Substitution[]): KeysRead {
  const first = readWithSchema(schema, value);
  if (first.ok) return { document: first.value, raw: value, schemaFindings: [] };
  const raw = withScalars(value, first.issues, substitutions);
  const second = raw === value ? first : readWithSchema(schema, raw);
  if (second.ok) return { document: second.value, raw, schemaFindings: [] };
  return { document: undefined, raw, schemaFindings: second.findings };
}

/** What comes from outside is text; where a number or a truth value is asked for, it becomes one if it looks like it. */
function withScalars(
  value: unknown,
  issues: readonly FlatIssue[],
  substitutions: readonly Substitution[],
): unknown {
  const refused = new Set(
    issues.filter(({ issue }) => wantsScalar.has(issue.code)).map(({ path }) => JSON.stringify(path)),
  );
  const scalars = new Map<string, number | boolean>();
  for (const { path, whole, value: text } of substitutions) {
    const key = JSON.stringify(path);
    const scalar = whole && refused.has(key) ? scalarOf(text) : undefined;
    if (scalar !== undefined) scalars.set(key, scalar);
  }
  return scalars.size === 0 ? value : replaced(value, [], scalars);
}

const wantsScalar: ReadonlySet<string> = new Set(['invalid_type', 'invalid_value', 'invalid_union']);

function scalarOf(text: string): number | boolean | undefined {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text) ? Number(text) : undefined;
}

/** A copy in which other values stand at some paths, which are given as JSON. */
function replaced(
  value: unknown,
  path: readonly (string | number)[],
  scalars: ReadonlyMap<string, unknown>,
): unknown {
  if (typeof value === 'string') return scalars.get(JSON.stringify(path)) ?? value;
  if (Array.isArray(value)) return value.map((item, index) => replaced(item, [...path, index], scalars));
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, replaced(member, [...path, key], scalars)]),
  );
}

/** Where a value could not be read at all, that is the mistake, and not what was left in its place. */
export function withoutReplaced(findings: readonly Finding[], failed: readonly Finding[]): Finding[] {
  const paths = new Set(failed.filter(({ at }) => at !== 'key').map(({ path }) => JSON.stringify(path)));
  return findings.filter(({ path }) => !paths.has(JSON.stringify(path)));
}
