import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { eventually } from '../../../test/kit/eventually.ts';
import { fakeExchange } from '../../../test/kit/fake-exchange.ts';
import { ask, benchPolicy, optionMistakes } from '../../../test/kit/policy-bench.ts';
import type { Logger } from '../../core/logger.ts';
import { apiKey } from './api-key.ts';
import { digestOf } from './digest.ts';
import { type KeyFile, openKeyFile } from './key-file.ts';
import { KeyFileText } from './key-file-text.ts';
import { NO_KEY } from './key-table.ts';

function written(key: string): string {
  return `sha256:${hash('sha256', key)}`;
}

function line(name: string, ...keys: string[]): string {
  return `${JSON.stringify({ name, groups: ['gold'], keys: keys.map(written) })}\n`;
}

function fileWith(t: TestContext, content: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'waygate-keys-'));
  t.after(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const path = join(folder, 'keys.jsonl');
  writeFileSync(path, content);
  return path;
}

function ownerIn({ table }: KeyFile, key: string): string | undefined {
  const entry = table.find(digestOf(key));
  return entry === NO_KEY ? undefined : table.consumerOf(entry).id;
}

/** A file that is looked at all the time, and what is logged about it. */
function opened(t: TestContext, path: string): { readonly file: KeyFile; readonly log: string[] } {
  const log: string[] = [];
  const note = (fields: object, message: string): void =>
    void log.push(`${message} ${JSON.stringify(fields)}`);
  const logger: Logger = { debug: note, info: note, warn: note, error: note };
  const file = openKeyFile(path, logger, 5);
  t.after(() => {
    file.close();
  });
  return { file, log };
}

/** The mistakes in a text that comes in pieces of so many octets. */
function mistakesIn(text: string, size = 7): string[] {
  const reading = new KeyFileText();
  const octets = Buffer.from(text);
  for (let at = 0; at < octets.length; at += size) reading.push(octets.subarray(at, at + size));
  const table = reading.end();
  assert.equal(table === undefined, reading.mistakes.length > 0);
  return reading.mistakes.map(({ line: number, found, remedy }) => `${number}: ${found} | ${remedy}`);
}

describe('a file of keys', () => {
  it('is read in pieces wherever they are cut, with either end of lines, a byte order mark and empty lines', () => {
    const text = `\uFEFF${line('acmé'.replace('é', 'e'), 'a', 'b')}\r\n\n  \n${line('globex', 'ü').replace('\n', '\r\n')}${line('initech', 'c').trimEnd()}`;
    for (let size = 1; size < 40; size++) {
      const reading = new KeyFileText();
      const octets = Buffer.from(text);
      for (let at = 0; at < octets.length; at += size) reading.push(octets.subarray(at, at + size));
      const table = reading.end();
      assert.deepEqual([table?.size, reading.consumers], [4, 3]);
    }
  });

  for (const [text, expected] of [
    ['', '1: the file has no consumer'],
    ['\n\n', '3: the file has no consumer'],
    [`${line('acme', 'a')}{"name":`, '2: this line is not JSON'],
    ['consumers:\n', '1: this line is not JSON'],
    [
      '{"name":"acme","keys":["clear-text"]}',
      `1: keys.0: a key in clear text | write its digest: ${written('clear-text')}`,
    ],
    ['{"name":"acme","keys":[{"digest":"clear-text"}]}', '1: keys.0.digest: a key in clear text'],
    ['{"name":"a\\nb","keys":[]}', '1: name: this is not a name'],
    ['[]', '1: '],
    [line('acme', 'a') + line('acme', 'b'), '2: line 1 has this name too'],
    [line('acme', 'a') + line('globex', 'b', 'a'), '2: line 1 has this key too'],
    [line('acme', 'a', 'a'), '1: this line has a key twice'],
    [`{"name":"${'x'.repeat(300_000)}"}`, '1: the line is longer than'],
  ] as const) {
    it(`has its mistakes told: ${text.slice(0, 60)}`, () => {
      const [first = 'nothing', ...others] = mistakesIn(text, 4096);
      assert.ok(first.startsWith(expected), first);
      assert.deepEqual(others, []);
      assert.doesNotMatch(first, /clear-text/);
    });
  }

  it('has ten of its mistakes told and all of them counted', () => {
    const reading = new KeyFileText();
    reading.push(Buffer.from('nonsense\n'.repeat(50)));
    assert.equal(reading.end(), undefined);
    assert.deepEqual([reading.mistakes.length, reading.mistakeCount], [10, 50]);
  });

  it('is read again when it was written, replaced, or swapped behind a link', async (t) => {
    const path = fileWith(t, line('acme', 'a'));
    const link = `${path}.link`;
    symlinkSync(path, link);
    const { file } = opened(t, link);
    assert.equal(ownerIn(file, 'a'), 'acme');
    writeFileSync(path, line('globex', 'a', 'b'));
    await eventually(() => ownerIn(file, 'b') === 'globex', 'what was written');
    assert.equal(ownerIn(file, 'a'), 'globex');
    writeFileSync(`${path}.new`, line('initech', 'b'));
    renameSync(`${path}.new`, path);
    await eventually(() => ownerIn(file, 'b') === 'initech', 'what has taken its place');
    assert.equal(ownerIn(file, 'a'), undefined, 'a key that was taken out is refused');
    writeFileSync(`${path}.other`, line('hooli', 'b'));
    symlinkSync(`${path}.other`, `${link}.new`);
    renameSync(`${link}.new`, link);
    await eventually(() => ownerIn(file, 'b') === 'hooli', 'what the link leads to');
  });

  it('stays in force as it was when it gets mistakes or is gone, and says so once', async (t) => {
    const path = fileWith(t, line('acme', 'a'));
    const { file, log } = opened(t, path);
    writeFileSync(path, `${line('acme', 'b')}{"name":"globex","keys":["clear-text"]}`);
    await eventually(() => log.length === 1, 'the mistake is logged');
    assert.match(log[0] ?? '', /has mistakes \(1\): what it had before stays in force.*"line":2.*clear text/);
    assert.doesNotMatch(log[0] ?? '', /clear-text/);
    rmSync(path);
    await eventually(() => log.length === 2, 'that it is gone is logged');
    assert.match(log[1] ?? '', /cannot be read \(ENOENT\): what it had before stays in force/);
    assert.equal(ownerIn(file, 'a'), 'acme');
    writeFileSync(path, line('acme', 'b'));
    await eventually(() => ownerIn(file, 'b') === 'acme', 'it is there again');
    assert.match(log[2] ?? '', /has been read again/);
    assert.equal(log.length, 3);
  });

  it('is where the policy finds its consumers', (t) => {
    const policy = benchPolicy(apiKey, { file: fileWith(t, line('acme', 'a')) });
    const exchange = fakeExchange({ headers: { 'x-api-key': 'a' } });
    assert.equal(ask(policy, exchange), undefined);
    assert.deepEqual(exchange.consumer, { id: 'acme', groups: ['gold'] });
    assert.equal(ask(policy, fakeExchange({ headers: { 'x-api-key': 'b' } }))?.status, 401);
    void policy.instance.close?.();
  });

  it('is refused with the configuration when it cannot be used', (t) => {
    const good = fileWith(t, line('acme', 'a'));
    const wrong = fileWith(t, `${line('acme', 'a')}1\n2\n`);
    for (const [options, expected] of [
      [
        { file: 'keys.jsonl' },
        'file: "keys.jsonl" depends on where the gateway is started | write the whole path',
      ],
      [{ file: `${good}.none` }, 'file: the file of keys cannot be read (ENOENT)'],
      [{ file: join(good, '..') }, 'file: the file of keys cannot be read (ENOTFILE)'],
      [{ file: wrong }, 'file: line 2: '],
      [{ file: good, consumers: [{ name: 'a', keys: [] }] }, 'file: there are consumers in two places'],
    ] as const) {
      const [first = 'nothing', ...others] = optionMistakes(apiKey, options);
      assert.ok(first.startsWith(expected), first);
      assert.deepEqual(others, []);
    }
  });
});
