import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { identityVariables } from '../../src/config/checks/identity.ts';
import { formatMistakes } from '../../src/config/format-mistakes.ts';
import { loadConfig } from '../../src/config/load-config.ts';
import { shownVariable } from '../../src/core/template-variables.ts';
import { builtInPolicies } from '../../src/gateway/built-in-policies.ts';
import { readCodeBlocks } from '../kit/markdown.ts';

const page = readFileSync('docs/identity.md', 'utf8');

test('docs/identity.md shows a configuration that is right', async () => {
  const [block, ...others] = readCodeBlocks(page).filter(({ language }) => language === 'yaml');
  assert.deepEqual(others, []);
  const readFile = (): Promise<Uint8Array> => Promise.resolve(new TextEncoder().encode(block?.text));
  const result = await loadConfig('waygate.yaml', { policies: builtInPolicies, env: {}, readFile });
  assert.ok(result.ok, result.ok ? '' : formatMistakes(result.mistakes, { color: false }));
  assert.equal(Object.keys(result.config.identity.headers).length, 3);
});

test('docs/identity.md names every variable that such a header may use', () => {
  for (const variable of identityVariables)
    assert.ok(page.includes(`\`${shownVariable(variable).slice(2, -1)}\``), variable);
});
