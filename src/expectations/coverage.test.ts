import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../config/load-config.ts';
import type { Config } from '../config/schema.ts';
import { builtInPolicies } from '../gateway/built-in-policies.ts';
import { CoverageRecord, percentOf } from './coverage.ts';

async function config(): Promise<Config> {
  const upstreams = { api: 'http://localhost:3001' };
  const limits = [{ 'rate-limit': { limit: 1, window: '1m' } }, { 'rate-limit': { limit: 9, window: '1h' } }];
  const routes = [
    { name: 'a', path: '/a', upstream: 'api', policies: limits },
    { name: 'b', path: '/b', upstream: 'api' },
  ];
  const read = await readConfig(
    { upstreams, policies: ['request-id'], routes },
    { policies: builtInPolicies, env: {} },
  );
  return read.ok ? read.config : assert.fail(JSON.stringify(read.mistakes));
}

test('nothing is covered before a request', async () => {
  const { covered, total, routes, everyRoute } = new CoverageRecord(await config()).coverage;
  assert.deepEqual([covered, total], [0, 5]);
  assert.ok(routes.every((route) => !route.covered) && everyRoute.every((policy) => !policy.covered));
});

test('two policies of one name on a route are two', async () => {
  const record = new CoverageRecord(await config());
  record.met('a', 2);
  const { routes, everyRoute, covered } = record.coverage;
  assert.deepEqual(everyRoute, [{ name: 'request-id', covered: true }]);
  assert.deepEqual(
    routes[0]?.policies.map((policy) => policy.covered),
    [true, false],
  );
  assert.equal(covered, 3);
});

test('a later request that comes less far takes nothing back', async () => {
  const record = new CoverageRecord(await config());
  record.met('a', 3);
  record.met('a', 1);
  record.met('b', 1);
  assert.equal(percentOf(record.coverage), 100);
});

test('what no route matches covers the policies for every route', async () => {
  const record = new CoverageRecord(await config());
  record.met('', 1);
  assert.equal(record.coverage.covered, 1);
});

test('percent are rounded down, and nothing to cover is covered', () => {
  assert.equal(percentOf({ covered: 299, total: 300 }), 99);
  assert.equal(percentOf({ covered: 0, total: 0 }), 100);
});
