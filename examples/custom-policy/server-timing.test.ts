import assert from 'node:assert/strict';
import { test } from 'node:test';
// In a project of your own: from 'waygate/testing'.
import { FakeClock, fakeExchange, testPolicy } from '../../src/testing.ts';
import { serverTiming } from './server-timing.ts';

test('the time from request to answer stands in the answer', async () => {
  const clock = new FakeClock();
  const policy = testPolicy(serverTiming, {}, { clock });
  const exchange = fakeExchange();
  await policy.request(exchange);
  clock.advance(12.5);
  const head = await policy.response(exchange);
  assert.equal(head.headers.get('server-timing'), 'gateway;dur=12.5');
});
