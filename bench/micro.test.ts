import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { answers } from './micro/answers.ts';
import { apiKeys } from './micro/api-keys.ts';
import { count } from './micro/count.ts';
import { identity } from './micro/identity.ts';
import { logLine } from './micro/log-line.ts';
import { checkSink, Meter } from './micro/meter.ts';
import { outgoingHead } from './micro/outgoing-head.ts';
import { parse } from './micro/parse.ts';
import { paths } from './micro/paths.ts';
import { rateLimits } from './micro/rate-limits.ts';
import { routing } from './micro/router.ts';
import { tokens } from './micro/tokens.ts';

const folder = join(import.meta.dirname, 'micro');

const pieces: Readonly<Record<string, (meter: Meter) => void | Promise<void>>> = {
  parse,
  paths,
  router: (meter) => {
    routing(meter, [10]);
  },
  'outgoing-head': outgoingHead,
  identity,
  'log-line': logLine,
  count,
  'api-keys': (meter) => {
    apiKeys(meter, [1000]);
  },
  tokens: (meter) => tokens(meter, 10),
  answers: (meter) => {
    answers(meter, 100);
  },
  'rate-limits': (meter) => {
    rateLimits(meter, [1000]);
  },
};

for (const [name, run] of Object.entries(pieces)) {
  test(`the benchmark ${name} measures what it says, in lines of text, number and unit`, async () => {
    const lines: string[] = [];
    await run(new Meter((line) => lines.push(line), { share: 1e-9, rounds: 2 }));
    assert.ok(lines.length > 2);
    for (const line of lines) assert.match(line, /^\S.* \d+(\.\d)? (?:[nm]s|B)$/);
    checkSink();
  });
}

test('every benchmark of a piece is run by all.ts, and by this test', () => {
  // `load` measures starts, in processes of its own.
  const others = new Set(['all', 'meter', 'messages', 'load']);
  const files = readdirSync(folder)
    .map((name) => name.replace('.ts', ''))
    .filter((name) => !others.has(name));
  assert.deepEqual(files.toSorted(), Object.keys(pieces).toSorted());
  const all = readFileSync(join(folder, 'all.ts'), 'utf8');
  for (const name of files) assert.ok(all.includes(`'${name}'`), `all.ts runs ${name}`);
});
