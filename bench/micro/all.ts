/**
 * Runs every benchmark of a single piece, one after the other: `npx node bench/micro/all.ts`. Each has a process of its own, so
 * that none runs on code that V8 has optimised for another.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const pieces = [
  'parse',
  'paths',
  'router',
  'outgoing-head',
  'identity',
  'log-line',
  'count',
  'api-keys',
  'tokens',
  'rate-limits',
  'answers',
];

for (const piece of pieces) {
  console.log(`\n${piece}.ts`);
  const file = join(import.meta.dirname, `${piece}.ts`);
  const { status } = spawnSync(process.execPath, [file], { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
