import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { privateDirectory } from './compile-cache.ts';

/** Below the home, for whoever may write to the directory of temporary files may write above all others in it. */
function createFolder(t: TestContext): string {
  const folder = realpathSync(mkdtempSync(join(homedir(), '.waygate-test-')));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

const skip =
  process.geteuid === undefined || privateDirectory(homedir(), ['.cache', 'waygate']) === undefined;

describe('the directory of compiled code', { skip: skip && 'the home is open to others' }, () => {
  test('is made for this user alone, with those above it', (t) => {
    const folder = createFolder(t);
    const path = join(folder, '.cache', 'waygate');
    assert.equal(privateDirectory(folder, ['.cache', 'waygate']), path);
    assert.equal(statSync(path).mode & 0o777, 0o700);
    assert.equal(privateDirectory(folder, ['.cache', 'waygate']), path, 'the second time it is there');
  });

  test('is not used when others may read or write in it', (t) => {
    const folder = createFolder(t);
    mkdirSync(join(folder, 'waygate'));
    chmodSync(join(folder, 'waygate'), 0o770);
    assert.equal(privateDirectory(folder, ['waygate']), undefined);
  });

  test('is neither used nor made when others may put another in its place', (t) => {
    const open = join(createFolder(t), 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    assert.equal(privateDirectory(open, ['cache', 'waygate']), undefined);
    assert.ok(!existsSync(join(open, 'cache')));
  });

  test('is not used behind a link into such a directory', (t) => {
    const folder = createFolder(t);
    const open = join(folder, 'open');
    mkdirSync(join(open, 'waygate'), { recursive: true, mode: 0o700 });
    chmodSync(open, 0o777);
    symlinkSync(join(open, 'waygate'), join(folder, 'waygate'));
    assert.equal(privateDirectory(folder, ['waygate']), undefined);
  });

  test('is not used when it cannot be made, or where its base does not exist', () => {
    assert.equal(privateDirectory('/proc', ['none', 'waygate']), undefined);
    assert.equal(privateDirectory('/nonexistent-home', ['waygate']), undefined);
    assert.ok(!existsSync('/nonexistent-home'));
    assert.equal(privateDirectory('.', ['waygate']), undefined);
  });
});
