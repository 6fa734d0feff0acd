import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { z } from 'zod';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { fakeExchange } from '../../../test/kit/fake-exchange.ts';
import { benchPolicy } from '../../../test/kit/policy-bench.ts';
import { issueToken, jwksOf, newKey, plainClaims } from '../../../test/kit/token-issuer.ts';
import type { ExplainedStep, Setup } from '../../core/policy.ts';
import { jwt } from './jwt.ts';

const clock = new FakeClock();
const key = newKey('k1');
const base = { issuer: plainClaims.iss, audience: 'orders', jwks: jwksOf(key) };

async function explain(
  authorization: string | undefined,
  options: Partial<z.input<typeof jwt.options>> = {},
  setup: Partial<Setup> = {},
): Promise<ExplainedStep & { readonly id: string | undefined }> {
  const { instance } = benchPolicy(jwt, { ...base, ...options }, { clock, ...setup });
  const exchange = fakeExchange({ headers: authorization === undefined ? {} : { authorization } });
  const step = await instance.explain?.(exchange);
  assert.ok(step !== undefined);
  return { ...step, id: exchange.consumer?.id };
}

describe('jwt explains', () => {
  it('that a token is valid, and says whose', async () => {
    const { reply, notes, id } = await explain(`Bearer ${issueToken(key)}`);
    assert.deepEqual([reply, notes, id], [undefined, ['the token is valid'], 'alice']);
  });

  it('why a token is refused, which no client is told', async () => {
    const { reply, notes } = await explain(`Bearer ${issueToken(key, { ...plainClaims, aud: 'billing' })}`);
    assert.equal(reply?.status, 401);
    assert.deepEqual(notes, ['the token is refused: aud names somebody else']);
    assert.doesNotMatch(typeof reply.body === 'string' ? reply.body : 'aud', /aud/);
    const two = await explain('Bearer');
    assert.deepEqual(
      [two.reply?.status, two.notes],
      [401, ['the token is refused: not one token in its place']],
    );
  });

  it('that there is no token, whether it is needed or not', async () => {
    assert.equal((await explain(undefined)).reply?.status, 401);
    const { reply, notes } = await explain(undefined, { optional: true });
    assert.deepEqual([reply, notes], [undefined, ['there is no token']]);
  });

  it('with keys fetched for it, even if that failed a moment ago', async () => {
    let open = false;
    const fetch: Setup['fetch'] = () =>
      open
        ? Promise.resolve({ status: 200, headers: [], body: Buffer.from(jwksOf(key)) })
        : Promise.reject(new Error('not yet'));
    const { instance } = benchPolicy(jwt, { ...base, jwks: 'https://issuer.example/keys' }, { clock, fetch });
    const ask = async () =>
      instance.explain?.(fakeExchange({ headers: { authorization: `Bearer ${issueToken(key)}` } }));
    assert.deepEqual((await ask())?.notes, [
      'the token cannot be verified: no keys of https://issuer.example',
    ]);
    open = true;
    assert.deepEqual((await ask())?.notes, ['the token is valid']);
  });
});
