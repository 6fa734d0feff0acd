import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandName } from './command-name.ts';

test('hints name the command as it was called: with npx, or by itself', () => {
  const npx = { npm_lifecycle_event: 'npx', npm_command: 'exec' };
  assert.equal(commandName({ ...npx, npm_lifecycle_script: "'waygate'" }), 'npx waygate');
  assert.equal(commandName({ ...npx, npm_lifecycle_script: 'waygate' }), 'npx waygate');
  assert.equal(commandName({ ...npx, npm_lifecycle_script: "'node'" }), 'waygate');
  assert.equal(
    commandName({ npm_lifecycle_event: 'start', npm_lifecycle_script: 'waygate start' }),
    'waygate',
  );
  assert.equal(commandName({}), 'waygate');
});
