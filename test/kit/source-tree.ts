import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';

/** One import or re-export in a source file. */
export interface Import {
  /** As written: `./path.ts`, `node:net`, `zod`. */
  readonly specifier: string;
  /** For a file of this project its path from the project's root, with `/`; undefined for packages and Node's modules. */
  readonly file: string | undefined;
  /** Whether only types are imported, so that nothing of it is left when the program runs. */
  readonly typeOnly: boolean;
}

/** A source file with what it imports. */
export interface SourceFile {
  /** From the project's root, with `/`. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
}

const root = join(import.meta.dirname, '../..');

/** Folders that hold no source of ours: what is installed, built or left by a run. */
const foreign = new Set(['node_modules', 'dist', '.tmp']);

/** Every TypeScript file below a folder of this project, sorted by path. */
export function readSourceTree(folder: string): SourceFile[] {
  return filesBelow(join(root, folder))
    .map((path) => relative(root, path).split(sep).join('/'))
    .toSorted()
    .map((path) => readSourceFile(path, readFileSync(join(root, path), 'utf8')));
}

/** Not `readdirSync`'s own recursion: it follows links, and those of packages lead round in circles. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return foreign.has(entry.name) ? [] : filesBelow(path);
    return entry.isFile() && entry.name.endsWith('.ts') ? [path] : [];
  });
}

/** Reads the imports out of a source text. The path says what relative specifiers are relative to. */
export function readSourceFile(path: string, text: string): SourceFile {
  const imports = [...findImports(text)].map(({ specifier, typeOnly }) => ({
    specifier,
    typeOnly,
    file: specifier.startsWith('.') ? posix.join(dirname(path), specifier) : undefined,
  }));
  return { path, lines: text.split('\n').length - 1, imports };
}

function* findImports(text: string): Generator<{ specifier: string; typeOnly: boolean }> {
  // Prettier puts every statement at the beginning of a line, so that a statement inside a comment or string is indented.
  const statement =
    /^(?:import|export)\s+(type\s+)?(?:(?:[\w$*][^'"();=]*|\{[^}]*\}[^'"();=]*)from\s*)?'([^']+)'/gm;
  for (const [, type, specifier = ''] of text.matchAll(statement))
    yield { specifier, typeOnly: type !== undefined };
  for (const [, specifier = ''] of text.matchAll(/\bimport\(\s*'([^']+)'\s*\)/g))
    yield { specifier, typeOnly: false };
}
