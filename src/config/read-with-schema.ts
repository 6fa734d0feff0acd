import type { z } from 'zod';
import { nearest } from '../core/nearest.ts';
import { splitRemedy } from '../core/remedy.ts';
import { describeIssue, knownKeys, seeReference } from './describe-issue.ts';
import { maxFindings, type Finding } from './finding.ts';
import { valueAt } from './plain-value.ts';
import { unknownKeyRemedy } from './unknown-key.ts';

type Path = readonly (string | number)[];
type Issue = z.core.$ZodIssue;

/** What a schema made of a value, or everything it found wrong with it. */
export type SchemaReading<Output> =
  | { readonly ok: true; readonly value: Output }
  | { readonly ok: false; readonly findings: readonly Finding[]; readonly issues: readonly FlatIssue[] };

/** An issue at its place in the document, the one that best fits where a union gave several. */
export interface FlatIssue {
  readonly path: Path;
  readonly issue: Issue;
}

/** Reads a value with a schema, and puts every issue into words. */
export function readWithSchema<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): SchemaReading<z.output<Schema>> {
  // An issue carries the keys that nobody knows, but not those that the schema does know.
  const known = new WeakMap<readonly string[], readonly string[]>();
  const result = schema.safeParse(value, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys') known.set(issue.keys, knownKeys(issue));
      return describeIssue(issue);
    },
  });
  if (result.success) return { ok: true, value: result.data };
  const issues = result.error.issues.flatMap((issue) => flatten(issue, []));
  const findings = issues.flatMap(({ path, issue }): Finding[] => {
    if (issue.code !== 'unrecognized_keys') return [sayMissing(toFinding(path, issue, value), value)];
    const names = known.get(issue.keys);
    // The schema has words of its own for them.
    if (names === undefined)
      return [{ path: [...path, issue.keys[0] ?? ''], at: 'key', ...withDefault(issue.message) }];
    return issue.keys.slice(0, maxFindings).map((key) => unknownKey([...path, key], names));
  });
  return { ok: false, findings: withoutMisspelt(findings), issues };
}

/** Issues below a union are those of the alternative that was most likely meant; see {@link likeliest}. */
function flatten(issue: Issue, above: Path): readonly FlatIssue[] {
  const path = [...above, ...issue.path.map(toKey)];
  if (issue.code === 'invalid_union') {
    const alternatives = issue.errors.map((issues) => issues.flatMap((inner) => flatten(inner, path)));
    return likeliest(alternatives, path) ?? [{ path, issue }];
  }
  if (issue.code === 'invalid_element') return issue.issues.flatMap((inner) => flatten(inner, path));
  return [{ path, issue }];
}

/**
 * The alternative that took the value for one of its own: it has nothing against its type. Of several the one with the
 * fewest issues; undefined when there is none, and the union's own words are best.
 */
function likeliest(
  alternatives: readonly (readonly FlatIssue[])[],
  path: Path,
): readonly FlatIssue[] | undefined {
  const fits = (unfit: (issue: Issue) => boolean): (readonly FlatIssue[])[] =>
    alternatives.filter(
      (issues) =>
        issues.length > 0 && !issues.some((flat) => flat.path.length === path.length && unfit(flat.issue)),
    );
  const [first, ...others] =
    [fits(isTypeIssue), fits((issue) => isTypeIssue(issue) && !isChoice(issue))].find(
      (some) => some.length > 0,
    ) ?? [];
  if (first === undefined) return undefined;
  return others.reduce((best, issues) => (issues.length < best.length ? issues : best), first);
}

/** One word of several was asked for, so that another word is more likely misspelt than of the wrong type. */
function isChoice(issue: Issue): boolean {
  return issue.code === 'invalid_value' && issue.values.length > 1;
}

function isTypeIssue(issue: Issue): boolean {
  return issue.code === 'invalid_type' || issue.code === 'invalid_value' || issue.code === 'invalid_union';
}

function toFinding(path: Path, issue: Issue, root: unknown): Finding {
  if (isPolicyName(path) && issue.code === 'invalid_type' && valueAt(root, path) === null) {
    return {
      path,
      at: 'key',
      found: `the policy "${String(path.at(-1))}" needs options`,
      remedy: `write - ${String(path.at(-1))}: { … }`,
    };
  }
  if (issue.code === 'invalid_key') {
    const inner = issue.issues[0];
    return { path, at: 'key', ...withDefault(inner === undefined ? issue.message : inner.message) };
  }
  return { path, ...withDefault(issue.message) };
}

function withDefault(message: string): { found: string; remedy: string } {
  const { found, remedy } = splitRemedy(message);
  return { found, remedy: remedy ?? 'change it accordingly' };
}

/** A key that nobody knows, with the one that was meant, if there is one close to it. */
interface UnknownKey extends Finding {
  readonly meant?: string;
}

function unknownKey(path: Path, known: readonly string[]): UnknownKey {
  const key = String(path.at(-1));
  // Two letters are close to everything.
  const meant = key.length > 2 ? nearest(key, known) : undefined;
  const noun = isPolicyName(path) ? 'there is no policy' : 'unknown key';
  return {
    path,
    at: 'key',
    found: `${noun} ${JSON.stringify(key)}`,
    remedy: unknownKeyRemedy(path, meant, known),
    ...(meant !== undefined && { meant }),
  };
}

/** `policies[0].cors` and `routes[0].policies[0].cors`, also inside of a policy that is made of others. */
function isPolicyName(path: Path): boolean {
  return (
    path.at(-3) === 'policies' &&
    typeof path.at(-2) === 'number' &&
    (path[0] === 'policies' || path[0] === 'routes')
  );
}

/** A key that is missing because it is misspelt is one mistake, not two. */
function withoutMisspelt(findings: readonly UnknownKey[]): Finding[] {
  const meant = new Set(
    findings.flatMap((finding) =>
      finding.meant === undefined ? [] : [JSON.stringify([...finding.path.slice(0, -1), finding.meant])],
    ),
  );
  return findings.filter(
    ({ path, found }) => !(found.endsWith(isMissing) && meant.has(JSON.stringify(path))),
  );
}

const isMissing = ' is missing';

/** A key that is not there has no value to show: the mistake is that it is missing. */
function sayMissing(finding: Finding, root: unknown): Finding {
  const key = finding.path.at(-1);
  if (finding.at === 'key' || typeof key !== 'string') return finding;
  const parent = valueAt(root, finding.path.slice(0, -1));
  if (typeof parent !== 'object' || parent === null || Object.hasOwn(parent, key)) return finding;
  const remedy = finding.remedy === seeReference ? `write ${key}: and a value` : finding.remedy;
  return { ...finding, found: `${JSON.stringify(key)}${isMissing}`, remedy };
}

function toKey(key: PropertyKey): string | number {
  return typeof key === 'symbol' ? String(key) : key;
}
