import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import { ImportFailure } from '../import-failure.ts';
import type { Place } from '../report.ts';

/** A value of a YAML file, with its line. */
export type Tree =
  | {
      readonly type: 'map';
      readonly entries: readonly (readonly [key: string, value: Tree])[];
      readonly place: Place;
    }
  | { readonly type: 'list'; readonly items: readonly Tree[]; readonly place: Place }
  | { readonly type: 'scalar'; readonly value: string | number | boolean | null; readonly place: Place };

const maxDepth = 64;
/** Aliases multiply: so many values are more than any configuration has. */
const maxValues = 100_000;

/**
 * Reads a text as YAML.
 * @throws ImportFailure with the line of the first mistake.
 */
export function readYamlTree(text: string, file: string): Tree {
  const lines = new LineCounter();
  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      merge: true,
      prettyErrors: false,
      logLevel: 'silent',
    });
  } catch (error) {
    throw nestedTooDeep(file, error);
  }
  const [mistake] = document.errors;
  if (mistake !== undefined) {
    const { line } = lines.linePos(mistake.pos[0]);
    throw new ImportFailure(`${file}:${line}: this is no YAML: ${mistake.message}.`, 'Mend it first.');
  }
  let values = 0;
  const read = (node: unknown, depth: number): Tree => {
    if (++values > maxValues || depth > maxDepth) throw nestedTooDeep(file, undefined);
    const resolved = isAlias(node) ? node.resolve(document) : node;
    const start = isMap(resolved) || isSeq(resolved) || isScalar(resolved) ? (resolved.range?.[0] ?? 0) : 0;
    const place = { file, line: lines.linePos(start).line };
    if (isMap(resolved)) {
      const entries = resolved.items.flatMap((pair) => {
        const key = isScalar(pair.key) ? String(pair.key.value) : '';
        if (key === '<<') {
          const merged = read(pair.value, depth + 1);
          return merged.type === 'map' ? merged.entries : [];
        }
        const inner = read(pair.value, depth + 1);
        // Where the key stands is where a reader looks.
        const line = isScalar(pair.key) ? lines.linePos(pair.key.range?.[0] ?? 0).line : inner.place.line;
        return [[key, { ...inner, place: { file, ...(line !== undefined && { line }) } }] as const];
      });
      return { type: 'map', entries, place };
    }
    if (isSeq(resolved))
      return { type: 'list', items: resolved.items.map((item) => read(item, depth + 1)), place };
    const value: unknown = isScalar(resolved) ? resolved.value : null;
    const plain =
      typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
    return { type: 'scalar', value: plain, place };
  };
  return read(document.contents, 0);
}

/** What stands under a key; the first, if there are several. */
export function at(tree: Tree | undefined, key: string): Tree | undefined {
  return tree?.type === 'map' ? tree.entries.find(([name]) => name === key)?.[1] : undefined;
}

/** Keys and values of a mapping; none of anything else. */
export function entriesOf(tree: Tree | undefined): readonly (readonly [string, Tree])[] {
  return tree?.type === 'map' ? tree.entries : [];
}

/** The items of a list; anything else is a list of itself, and nothing an empty one. */
export function listOf(tree: Tree | undefined): readonly Tree[] {
  if (tree === undefined || (tree.type === 'scalar' && tree.value === null)) return [];
  return tree.type === 'list' ? tree.items : [tree];
}

/** A text, or a number as a text. */
export function textOf(tree: Tree | undefined): string | undefined {
  return tree?.type === 'scalar' && (typeof tree.value === 'string' || typeof tree.value === 'number')
    ? String(tree.value)
    : undefined;
}

/** A number, also one in quotes. */
export function numberOf(tree: Tree | undefined): number | undefined {
  const number = Number(textOf(tree) ?? Number.NaN);
  return Number.isFinite(number) ? number : undefined;
}

/** Texts of a list, or of a text with commas. */
export function textsOf(tree: Tree | undefined): string[] {
  if (tree?.type === 'scalar')
    return (textOf(tree) ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  return listOf(tree).flatMap((item) => textOf(item) ?? []);
}

export function isTrue(tree: Tree | undefined): boolean {
  return tree?.type === 'scalar' && (tree.value === true || tree.value === 'true');
}

function nestedTooDeep(file: string, cause: unknown): ImportFailure {
  const error = new ImportFailure(
    `${file} has more in it than any configuration: deeper than ${maxDepth} levels, or more than ${maxValues} values.`,
    'Name the configuration itself.',
  );
  error.cause = cause;
  return error;
}
