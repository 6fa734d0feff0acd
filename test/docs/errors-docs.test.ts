import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { errorKinds, GatewayError } from '../../src/core/errors.ts';
import { problemOf } from '../../src/core/problem.ts';
import { readTables, type Table } from '../kit/markdown.ts';

const page = readFileSync('docs/errors.md', 'utf8');
const tables = readTables(page);

function table(heading: string): Table {
  const found = tables.find((each) => each.heading === heading && each.columns[0] === 'code');
  assert.ok(found, `there is no table of codes under "${heading}"`);
  return found;
}

const sides = ['client', 'gateway', 'upstream'] as const;

const documented = sides.flatMap((side) =>
  table(`Codes of the ${side}'s side`).rows.map((row) => ({ side, row })),
);

describe('docs/errors.md', () => {
  it('has tables to look at', () => assert.ok(documented.length >= 30));

  it('lists every code of the data path once, and no other', () => {
    const codes = documented.map(({ row }) => (row['code'] ?? '').replaceAll('`', ''));
    assert.deepEqual(codes.toSorted(), Object.keys(errorKinds).toSorted());
  });

  for (const [code, kind] of Object.entries(errorKinds)) {
    it(`tells status, side, another try and sentence of ${code} as they are`, () => {
      const entry = documented.find(({ row }) => row['code'] === `\`${code}\``);
      assert.deepEqual(
        {
          status: entry?.row['status'],
          side: entry?.side,
          retryable: entry?.row['another try'],
          sentence: entry?.row['sentence'],
        },
        {
          status: String(kind.status),
          side: kind.side,
          retryable: kind.retryable ? 'yes' : 'no',
          sentence: kind.sentence,
        },
      );
      assert.ok((entry?.row['what to look at'] ?? '').length > 10, 'the operator is told where to look');
    });
  }

  it('lists every code that a policy answers with, and no other', async () => {
    const used = new Set<string>();
    let files = 0;
    // What several policies answer is in core.
    for await (const file of glob('src/{core,policies/*}/*.ts')) {
      if (file.endsWith('.test.ts')) continue;
      files++;
      for (const [, code = ''] of readFileSync(file, 'utf8').matchAll(/\bcode: '([a-z_]+)'/g)) used.add(code);
    }
    // That of zod, for a mistake in options.
    used.delete('custom');
    assert.ok(files >= 8 && used.size > 0);
    const codes = table('Codes of policies').rows.map((row) => (row['code'] ?? '').replaceAll('`', ''));
    assert.deepEqual(codes.toSorted(), [...used].toSorted());
  });

  it('shows an answer as it is, with its members in order', () => {
    const example: unknown = JSON.parse(/```json\n(.*?)```/s.exec(page)?.[1] ?? '');
    assert.ok(typeof example === 'object' && example !== null && 'requestId' in example);
    const reply = problemOf(new GatewayError('route_not_found', ''), String(example.requestId));
    assert.equal(reply.body, JSON.stringify(example));
    const members = tables.find((each) => each.columns[0] === 'member');
    assert.deepEqual(
      members?.rows.map((row) => row['member']),
      Object.keys(example).map((member) => `\`${member}\``),
    );
  });
});
