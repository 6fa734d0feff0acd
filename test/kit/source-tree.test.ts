import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readSourceFile } from './source-tree.ts';

function importsOf(text: string): string[] {
  return readSourceFile('src/a/b.ts', text).imports.map(
    ({ specifier, file, typeOnly }) => `${typeOnly ? 'type ' : ''}${file ?? specifier}`,
  );
}

test('every form of import and re-export is seen', () => {
  const text = `import net from 'node:net';
import { one } from './one.ts';
import {
  two,
  three,
} from '../c/two.ts';
import * as four from 'zod';
import five, { six } from './five.ts';
import './effect.ts';
export { seven } from './seven.ts';
export * from './eight.ts';
const late = await import('./late.ts');
`;
  assert.deepEqual(importsOf(text), [
    'node:net',
    'src/a/one.ts',
    'src/c/two.ts',
    'zod',
    'src/a/five.ts',
    'src/a/effect.ts',
    'src/a/seven.ts',
    'src/a/eight.ts',
    'src/a/late.ts',
  ]);
});

test('imports of types are told apart', () => {
  assert.deepEqual(importsOf("import type { A } from './a.ts';\nexport type { B } from '../b.ts';\n"), [
    'type src/a/a.ts',
    'type src/b.ts',
  ]);
});

test('exports of values and comments are no imports', () => {
  assert.deepEqual(
    importsOf("export const from = 'x';\nexport function f(): string {\n  return 'from';\n}\n"),
    [],
  );
  assert.deepEqual(importsOf("/**\n * import { a } from './a.ts'\n */\n"), []);
});
