import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { format, resolveConfig } from 'prettier';
import { configurationPage } from '../../scripts/generate-config-docs.ts';
import { formatMistakes } from '../../src/config/format-mistakes.ts';
import { generateJsonSchema } from '../../src/config/json-schema.ts';
import { loadConfig, type LoadResult } from '../../src/config/load-config.ts';
import { builtInPolicies } from '../../src/gateway/built-in-policies.ts';
import { readCodeBlocks } from '../kit/markdown.ts';

const root = join(import.meta.dirname, '../..');
const pageFile = join(root, 'docs/configuration.md');
const page = readFileSync(pageFile, 'utf8');
const blocks = readCodeBlocks(page);

function load(text: string): Promise<LoadResult> {
  const readFile = (): Promise<Uint8Array> => Promise.resolve(new TextEncoder().encode(text));
  return loadConfig('waygate.yaml', { policies: builtInPolicies, env: {}, readFile });
}

describe('what is generated from the schema', () => {
  test('the JSON Schema is that of the source', () => {
    const committed: unknown = JSON.parse(readFileSync(join(root, 'schema/waygate.schema.json'), 'utf8'));
    assert.deepEqual(committed, JSON.parse(JSON.stringify(generateJsonSchema(builtInPolicies))));
  });

  test('the tables of docs/configuration.md are those of the source', async () => {
    const options = { ...(await resolveConfig(pageFile)), filepath: pageFile };
    assert.equal(page, await format(configurationPage(page), options));
  });
});

describe('docs/configuration.md', () => {
  test('shows a configuration that is right', async () => {
    const shown = blocks.filter(({ language }) => language === 'yaml');
    assert.equal(shown.length, 1);
    const result = await load(shown[0]?.text ?? '');
    assert.ok(result.ok, result.ok ? '' : formatMistakes(result.mistakes, { color: false }));
  });

  test('shows a configuration in TypeScript that compiles', () => {
    const compiled = readFileSync(join(root, 'test/types/waygate.config.ts'), 'utf8');
    const shown = blocks.find(({ language }) => language === 'ts');
    assert.equal(shown?.text, compiled.replace('../../src/index.ts', 'waygate'));
  });

  test('names a schema for editors that is in the package', () => {
    const schema = /\$schema=\.\/node_modules\/waygate\/(\S+)/.exec(page)?.[1] ?? '';
    assert.ok(readFileSync(join(root, schema), 'utf8').length > 0);
  });

  test('shows a mistake as it is printed', async () => {
    const shown = blocks.find(({ heading, language }) => heading === 'Mistakes' && language === '');
    const lines = Array.from({ length: 9 }, () => '#');
    const file = [
      ...lines,
      'upstreams: { users: "http://127.0.0.1:3001" }',
      'routes:',
      '  - path: /users',
      '    upstream: users',
      '    upstrem: users',
    ];
    const result = await load(file.join('\n'));
    assert.ok(!result.ok);
    const text = formatMistakes(result.mistakes, { color: false });
    assert.equal(text, `${shown?.text ?? ''}\n1 mistake\n`);
  });
});
