import { test } from 'node:test';
import { assertMeasured } from './http-cache-tests/holds.ts';

test('the cache without options passes as much of http-cache-tests as docs/caching.md says', () =>
  assertMeasured('without'));
