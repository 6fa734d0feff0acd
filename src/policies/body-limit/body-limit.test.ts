import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fakeExchange } from '../../../test/kit/fake-exchange.ts';
import { ask, benchPolicy, optionMistakes } from '../../../test/kit/policy-bench.ts';
import { bodyLimit } from './body-limit.ts';

describe('body-limit', () => {
  for (const [options, octets] of [
    [{ size: '64kb' }, 65_536],
    [{ size: '1gb' }, 1_073_741_824],
    [{ size: 0 }, 0],
    [{}, 10_485_760],
  ] as const) {
    it(`sets the limit for ${JSON.stringify(options)}, and lets the request go on`, () => {
      const exchange = fakeExchange();
      exchange.requestBodyLimit = 123;
      assert.equal(ask(benchPolicy(bodyLimit, options), exchange), undefined);
      assert.equal(exchange.requestBodyLimit, octets);
    });
  }

  for (const size of [1024, '10', '-1kb', '0.5b', '2048gb', 'unlimited', null]) {
    it(`refuses ${JSON.stringify(size)}`, () => {
      assert.match(optionMistakes(bodyLimit, { size })[0] ?? '', /^size: .+ \| .+/);
    });
  }

  it('refuses an option that does not exist', () => {
    assert.equal(optionMistakes(bodyLimit, { limit: '1mb' }).length, 1);
  });
});
