import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { describe, it } from 'node:test';
import { fakeExchange } from '../../../test/kit/fake-exchange.ts';
import { benchPolicy } from '../../../test/kit/policy-bench.ts';
import { apiKey } from './api-key.ts';

const digest = (key: string): string => `sha256:${hash('sha256', key)}`;
const policy = benchPolicy(
  apiKey,
  {
    consumers: [
      {
        name: 'acme',
        groups: ['gold'],
        keys: [digest('good-key'), { digest: digest('old-key'), expires: '2020-01-01' }],
      },
    ],
  },
  { clock: { now: () => Date.UTC(2026, 0, 1), monotonic: () => 0 } },
);

async function explain(headers: Readonly<Record<string, string>>) {
  const exchange = fakeExchange({ headers });
  const step = await policy.instance.explain?.(exchange);
  return { status: step?.reply?.status, notes: step?.notes, id: exchange.consumer?.id };
}

describe('api-key explains', () => {
  it('whose key it is, and why one is refused, without showing it', async () => {
    assert.deepEqual(await explain({ 'x-api-key': 'good-key' }), {
      status: undefined,
      notes: ['it is a key of acme'],
      id: 'acme',
    });
    for (const [headers, note] of [
      [{}, 'there is no key, or more than one'],
      [{ 'x-api-key': 'other-key' }, 'nobody has this key'],
      [{ 'x-api-key': 'old-key' }, 'the key of acme has expired'],
    ] as const)
      assert.deepEqual(await explain(headers), { status: 401, notes: [note], id: undefined });
  });
});
