import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Import, SourceFile } from './kit/source-tree.ts';
import { readSourceTree } from './kit/source-tree.ts';

const belowGateway = [
  'http',
  'core',
  'http1',
  'config',
  'router',
  'store',
  'policies',
  'upstream',
  'observe',
];

/** The table of docs/architecture.md: what each folder of `src/` may import, and of which of them only types. */
const layers: Readonly<
  Record<string, { readonly values: readonly string[]; readonly types?: readonly string[] }>
> = {
  http: { values: [] },
  core: { values: ['http'] },
  http1: { values: ['http', 'core'] },
  config: { values: ['http', 'core'] },
  router: { values: ['http', 'core'], types: ['config'] },
  store: { values: ['core'] },
  policies: { values: ['http', 'core'] },
  upstream: { values: ['http', 'core', 'http1'], types: ['config'] },
  observe: { values: ['http', 'core'] },
  admin: { values: ['http', 'core', 'observe'] },
  gateway: { values: [...belowGateway, 'admin'] },
  mount: { values: [...belowGateway, 'admin', 'gateway'] },
  testing: { values: [...belowGateway, 'admin', 'gateway'] },
  import: { values: [...belowGateway, 'admin', 'gateway'] },
  expectations: { values: [...belowGateway, 'gateway', 'testing'] },
  cli: { values: [...belowGateway, 'admin', 'gateway', 'expectations', 'testing', 'import'] },
};

const forbiddenNames = new Set([
  'utils',
  'util',
  'helpers',
  'common',
  'shared',
  'services',
  'managers',
  'misc',
  'lib',
]);

const everything = readSourceTree('src');
/** What runs in production: tests may reach further, micro-benchmarks too. */
const sources = everything.filter(({ path }) => !/\.(?:test|bench)\.ts$/.test(path));
const outside = ['test', 'examples', 'bench'].flatMap(readSourceTree);

test('there are source files and imports to look at', () => {
  assert.ok(sources.length >= 40, `only ${sources.length} files`);
  const imports = everything.flatMap((file) => file.imports);
  const crudeCount = everything.reduce((sum, { path }) => sum + countFromClauses(path), 0);
  assert.ok(
    imports.length >= crudeCount,
    `${imports.length} imports found where ${crudeCount} statements say from`,
  );
});

test('a folder imports only what its layer may import', () => {
  assert.deepEqual(violations(sources, isAllowedByLayer), []);
});

test('no policy imports another policy', () => {
  const isAllowed = (from: string, { file = '' }: Import): boolean => {
    const [own, other] = [policyOf(from), policyOf(file)];
    return own === undefined || other === undefined || own === other;
  };
  assert.deepEqual(violations(sources, isAllowed), []);
});

test('what ships imports no test, no example and nothing outside src', () => {
  const isAllowed = (_from: string, { file }: Import): boolean =>
    file === undefined || (file.startsWith('src/') && !/\.(?:test|bench)\.ts$/.test(file));
  assert.deepEqual(violations(sources, isAllowed), []);
});

test('no files import each other in a circle, types included', () => {
  const graph = new Map(
    sources.map(({ path, imports }) => [path, imports.flatMap(({ file }) => file ?? [])]),
  );
  assert.deepEqual(findCycle(graph), undefined);
});

test('no folders import each other in a circle, types included', () => {
  const graph = new Map<string, string[]>();
  for (const { path, imports } of sources) {
    const from = layerOf(path);
    const to = imports.flatMap(({ file }) => (file === undefined ? [] : layerOf(file)));
    graph.set(from, [...(graph.get(from) ?? []), ...to.filter((layer) => layer !== from)]);
  }
  assert.deepEqual(findCycle(graph), undefined);
});

test('examples and benchmarks use the public entry points, except micro-benchmarks of single pieces', () => {
  const isAllowed = (from: string, { file }: Import): boolean =>
    file === undefined ||
    !file.startsWith('src/') ||
    /^(?:test|bench\/micro)\//.test(from) ||
    isEntryPoint(file);
  assert.deepEqual(violations(outside, isAllowed), []);
});

test('no folder has a name that could hold anything', () => {
  const named = [...everything, ...outside].filter(({ path }) =>
    path.split('/').some((part) => forbiddenNames.has(part)),
  );
  assert.deepEqual(
    named.map(({ path }) => path),
    [],
  );
});

test('every folder of src is in the table', () => {
  const unknown = new Set(
    everything.map(({ path }) => layerOf(path)).filter((layer) => !(layer in layers || isEntryPoint(layer))),
  );
  assert.deepEqual([...unknown], []);
});

test('the package has at most ten dependencies, none of which runs a script when installed', () => {
  const { dependencies } = readJson('package.json') as { dependencies: Record<string, string> };
  const names = Object.keys(dependencies);
  assert.ok(names.length > 0 && names.length <= 10, `${names.length} dependencies`);
  const lock = readJson('package-lock.json') as {
    packages: Record<string, { hasInstallScript?: boolean; dev?: boolean; optional?: boolean }>;
  };
  const withScript = Object.entries(lock.packages).filter(
    ([, entry]) => entry.hasInstallScript === true && entry.dev !== true,
  );
  assert.deepEqual(withScript, []);
});

test('the size of files is told', (t) => {
  const sizes = sources.map(({ lines }) => lines).toSorted((a, b) => a - b);
  t.diagnostic(
    `${sizes.length} files, ${sizes.reduce((sum, n) => sum + n, 0)} lines, median ${sizes[sizes.length >> 1]}`,
  );
  for (const { path, lines } of sources) if (lines > 300) t.diagnostic(`over 300 lines: ${path} (${lines})`);
});

function violations(
  files: readonly SourceFile[],
  isAllowed: (from: string, imported: Import) => boolean,
): string[] {
  return files.flatMap(({ path, imports }) =>
    imports
      .filter((imported) => !isAllowed(path, imported))
      .map(({ specifier }) => `${path} imports ${specifier}`),
  );
}

function isAllowedByLayer(from: string, { file, typeOnly }: Import): boolean {
  if (file === undefined || isEntryPoint(from)) return true;
  const [own, other] = [layerOf(from), layerOf(file)];
  const { values, types = [] } = layers[own] ?? { values: [] };
  return own === other || values.includes(other) || (typeOnly && types.includes(other));
}

/** The folder directly below `src/`; for a file directly in `src/` the file's own path. */
function layerOf(path: string): string {
  const [, folder = path, inside] = path.split('/');
  return inside === undefined ? path : folder;
}

/** The policy that a file belongs to, or undefined. */
function policyOf(path: string): string | undefined {
  return /^src\/policies\/([^/]+)\//.exec(path)?.[1];
}

/** Whether it is what package.json exports or a file directly in `src/`, which is there to be exported. */
function isEntryPoint(path: string): boolean {
  return /^src\/[^/]+\.ts$/.test(path);
}

function countFromClauses(path: string): number {
  const text = readFileSync(join(import.meta.dirname, '..', path), 'utf8');
  return [...text.matchAll(/^(?:(?:import|export) .*|\}) from '/gm)].length;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(join(import.meta.dirname, '..', path), 'utf8'));
}

/** A circle in a graph, as the list of its nodes, the first one repeated at the end; undefined when there is none. */
function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(node)) return [...path.slice(path.indexOf(node)), node];
    if (done.has(node)) return undefined;
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next, [...path, node]);
      if (cycle !== undefined) return cycle;
    }
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const cycle = visit(node, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
