import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConfigSchema } from '../config/schema.ts';
import { dividedLimits, share } from './divided-limits.ts';

const config = createConfigSchema([]).parse({
  limits: { inFlight: 10, connections: 7 },
  cache: { memory: '10mb' },
  upstreams: {
    one: { targets: ['http://127.0.0.1:1'], limits: { inFlight: 5, connections: 2, queue: '3s' } },
    two: 'http://127.0.0.1:2',
  },
  routes: [{ path: '/', upstream: 'one' }],
});

test('limits of the gateway are divided by its threads, rounded up', () => {
  const { cache, limits, upstreams } = dividedLimits(config, 3);
  // Memory is the one thing of which there must not be more.
  assert.deepEqual(cache, { memory: 3_495_253, largest: 1_048_576, redis: true });
  assert.equal(limits.inFlight, 4);
  assert.equal(limits.connections, 3);
  assert.equal(limits.headerBytes, config.limits.headerBytes);
  assert.deepEqual(upstreams['one']?.limits, { inFlight: 2, connections: 1, queue: 3000 });
  assert.deepEqual(upstreams['two']?.limits.connections, undefined);
  assert.equal(upstreams['two']?.limits.inFlight, share(1024, 3));
  assert.equal(upstreams['toString'], undefined);
});

test('of one thread they are what they are', () => {
  assert.equal(dividedLimits(config, 1), config);
});

test('no share is ever nothing', () => {
  assert.equal(share(1, 64), 1);
  assert.equal(dividedLimits(config, 256).upstreams['one']?.limits.connections, 1);
});
