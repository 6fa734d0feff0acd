import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { compiledProgram, compileDropIn, compilePrograms, dropInProgram } from './compile-programs.ts';
import { coresOf } from './cores.ts';
import { hottestTable } from './cpu-profile.ts';
import { expectedSeconds } from './duration.ts';
import { readFlags } from './flags.ts';
import { rivals } from './proxies/all.ts';
import { waygate, waygateVariants } from './proxies/waygate.ts';
import type { Setup } from './proxy.ts';
import { takesPart } from './scenario.ts';
import { policiesOfToday } from './scenarios/policies-of-today.ts';
import { scenarios } from './scenarios/all.ts';
import { isComplete, selectProxies, selectScenarios } from './selection.ts';

const build = { folder: '/build', version: '1' };
const own = [waygate(build), ...waygateVariants(build)];
const everyone = [...rivals, ...own];

test('a full run stays under 50 minutes', () => {
  const { rounds, seconds } = readFlags([]);
  const minutes = expectedSeconds(scenarios, everyone, rounds, seconds) / 60;
  assert.ok(minutes > 20 && minutes < 50, `${minutes} minutes`);
});

test('the smoke test stays under two minutes', () => {
  const flags = readFlags(['--smoke']);
  const taking = everyone.filter(({ key }) => ['nginx', 'waygate', 'fastify'].includes(key));
  const expected = expectedSeconds(selectScenarios(flags), taking, flags.rounds, flags.seconds);
  assert.ok(expected < 90, `${expected} seconds, without the build`);
});

test('every scenario has a number of its own, and names only proxies that there are', () => {
  assert.equal(new Set(scenarios.map(({ id }) => id)).size, scenarios.length);
  for (const { proxies = [] } of scenarios)
    for (const key of proxies)
      assert.ok(
        everyone.some((proxy) => proxy.key === key),
        key,
      );
});

test('a number selects a scenario with all its variants; one that does not exist is refused by name', () => {
  const ids = (...args: string[]) => selectScenarios(readFlags(args)).map(({ id }) => id);
  assert.deepEqual(ids('--only', '4,7'), ['4a', '4b', '7']);
  assert.deepEqual(ids('--only', '4b'), ['4b']);
  assert.deepEqual(ids('--smoke'), ['1']);
  assert.throws(() => ids('--only', '1,99'), { message: /^There is no scenario 99; there are 1, 2, 3/ });
});

test('a proxy that does not exist is refused by name', () => {
  const flags = readFlags(['--proxies', 'nginx,apache']);
  assert.throws(() => selectProxies(flags, own, () => {}), {
    message: /^There is no proxy apache; there are /,
  });
});

test('a variant takes part only where it is named, a build of another commit where Waygate does', () => {
  const [, variant] = own;
  assert.ok(variant !== undefined);
  assert.equal(takesPart({}, variant), false);
  assert.equal(takesPart({ proxies: [variant.key] }, variant), true);
  const other = waygate(build, { key: 'waygate@main', name: '' });
  assert.equal(takesPart({ proxies: ['waygate'] }, other), true);
  assert.equal(takesPart({ proxies: ['nginx'] }, other), false);
});

test('only a run of everything, as long as usual, is published', () => {
  assert.equal(isComplete(readFlags([]), everyone), true);
  assert.equal(isComplete(readFlags([]), own), false);
  for (const args of [
    ['--only', '1'],
    ['--rounds', '2'],
    ['--seconds', '1'],
    ['--smoke'],
    ['--compare', 'main'],
    ['--profile', 'waygate'],
  ])
    assert.equal(isComplete(readFlags(args), everyone), false, args.join(' '));
});

test('flags that exclude each other, and numbers that are none, are refused', () => {
  assert.throws(() => readFlags(['--smoke', '--compare', 'main']), {
    message: '--compare and --smoke do not go together',
  });
  assert.throws(() => readFlags(['--rounds', 'many']), {
    message: '--rounds must be a whole number of at least 1',
  });
});

test('load and proxy are apart, unless a scenario wants the proxy on two cores', () => {
  assert.deepEqual(coresOf({}, 8), { proxy: '0', load: '1' });
  assert.deepEqual(coresOf({ cores: 'shared' }, 2), { proxy: '0,1', load: '0,1' });
  assert.deepEqual(coresOf({ cores: 'shared' }, 8), { proxy: '0,1', load: '2-7' });
});

test('a scenario gives each proxy its policies in its own words', () => {
  const { policies } = policiesOfToday;
  const setup: Setup = { port: 1, targetPort: 2, routes: 1, observed: false, policies, folder: '/f' };
  const files = (key: string): string =>
    Object.values(everyone.find((proxy) => proxy.key === key)?.launch(setup).files ?? {}).join('');
  assert.match(files('waygate'), /"cors"/);
  assert.doesNotMatch(files('waygate-plain'), /"cors"/);
  assert.match(files('waygate-2-threads'), /"workers": 2/);
  assert.match(files('nginx'), /add_header Access-Control-Allow-Origin/);
});

test('a profile is told by the share of each function, idle time left out', () => {
  const frame = (functionName: string, url = '') => ({ functionName, url, lineNumber: 4 });
  const table = hottestTable({
    nodes: [
      { id: 1, callFrame: frame('(idle)') },
      { id: 2, callFrame: frame('read', 'file:///a/b/c/d.js') },
      { id: 3, callFrame: frame('') },
    ],
    samples: [1, 2, 3, 2],
    timeDeltas: [1000, 20, 10, 10],
  });
  assert.equal(table, 'self %  function\n------  --------\n  75.0  read  b/c/d.js:5\n  25.0  (anonymous)\n');
});

test("the drop-in runs the tutorials' program with the import changed and nothing else", (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'waygate-bench-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  compileDropIn(folder);
  const lines = (file: string): string[] => readFileSync(file, 'utf8').trim().split('\n');
  compilePrograms();
  const original = lines(compiledProgram('express-tutorial-4'));
  const changed = lines(dropInProgram(folder));
  assert.equal(changed.length, original.length);
  assert.deepEqual(
    changed.filter((line, index) => line !== original[index]),
    ["import { createProxyMiddleware } from 'waygate/http-proxy-middleware';"],
  );
});
