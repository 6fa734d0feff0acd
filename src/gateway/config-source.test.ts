import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { workFolder } from '../../test/kit/waygate-command.ts';
import { readFileFromDisk } from '../config/read-file.ts';
import { builtInPolicies } from './built-in-policies.ts';
import { loadMaterial, RecordingSource } from './config-source.ts';
import { configVersion } from './snapshot.ts';

/** Loads a configuration, sends what it was made of through what is between two threads, and makes it again. */
async function twice(
  file: string | undefined,
  input: unknown,
  change: () => void,
): Promise<readonly [string, string]> {
  const source = new RecordingSource(file, () => input, {
    policies: builtInPolicies,
    env: { COLOR: 'green' },
    verdicts: new Map(),
    readFile: readFileFromDisk,
  });
  const first = await source.load();
  assert.ok(first.ok, JSON.stringify(first));
  change();
  const second = await loadMaterial(structuredClone(source.material), { policies: builtInPolicies });
  assert.ok(second.ok, JSON.stringify(second));
  return [configVersion(first.config), configVersion(second.config)];
}

const route = (body: string): string => `routes: [{ path: /, policies: [{ respond: { body: '${body}' } }] }]`;

test('another thread makes the same configuration of a file, of what it names, and of the environment', async (t) => {
  const folder = workFolder(t, {
    'waygate.yaml': route('${file:./text} ${COLOR} ${NOTHING:-none}'),
    text: 'from a file',
  });
  const [first, second] = await twice(`${folder}/waygate.yaml`, undefined, () => {
    // Whatever becomes of the files meanwhile.
    writeFileSync(`${folder}/text`, 'changed');
    writeFileSync(`${folder}/waygate.yaml`, 'not even: [yaml');
  });
  assert.equal(first, second);
});

test('another thread makes the same configuration of what a module exported, which may be another each time', async (t) => {
  const folder = workFolder(t, {
    'waygate.config.mjs': `export default {
      routes: [{ path: '/', policies: [{ respond: { body: String(Math.random()) } }] }],
    };`,
  });
  const [first, second] = await twice(`${folder}/waygate.config.mjs`, undefined, () => {});
  assert.equal(first, second);
});

test('another thread makes the same configuration of an object, as it was then', async () => {
  const respond = { body: 'then' };
  const input = { routes: [{ path: '/', policies: [{ respond }] }] };
  const [first, second] = await twice(undefined, input, () => (respond.body = 'now'));
  assert.notEqual(first, second, 'changed before it was handed over');
  const [third, fourth] = await twice(undefined, input, () => {});
  assert.equal(third, fourth);
});
