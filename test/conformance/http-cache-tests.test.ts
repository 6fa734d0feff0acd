import { test } from 'node:test';
import { assertMeasured, assertReasons } from './http-cache-tests/holds.ts';

test('the cache passes as much of http-cache-tests as docs/caching.md says', () => assertMeasured('best'));

test('each test of http-cache-tests that is not passed is on the page, with its reason', assertReasons);
