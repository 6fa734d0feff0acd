import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import type { z } from 'zod';
import type { Fetch } from '../../src/core/fetch.ts';
import { jwt } from '../../src/policies/jwt/jwt.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { fakeExchange } from '../kit/fake-exchange.ts';
import { benchPolicy, optionMistakes } from '../kit/policy-bench.ts';
import { issueRaw, issueToken, jwksOf, newKey, plainClaims } from '../kit/token-issuer.ts';

const clock = new FakeClock();
const now = clock.now() / 1000;
const key = newKey('k1');
const base = { issuer: plainClaims.iss, audience: 'orders', jwks: jwksOf(key) } satisfies z.input<
  typeof jwt.options
>;
const header = JSON.stringify({ alg: 'ES256', kid: 'k1' });
const payload = JSON.stringify(plainClaims);

/** The status that a value of Authorization gets; 200 for one that passes. */
async function statusFor(
  authorization: string,
  options: Partial<z.input<typeof jwt.options>> = {},
  fetch?: Fetch,
): Promise<number> {
  const { instance } = benchPolicy(jwt, { ...base, ...options }, { clock, ...(fetch && { fetch }) });
  return (await instance.onRequest?.(fakeExchange({ headers: { authorization } })))?.status ?? 200;
}

function statusOf(token: string, options: Partial<z.input<typeof jwt.options>> = {}): Promise<number> {
  return statusFor(`Bearer ${token}`, options);
}

describe('tokens that must not pass', () => {
  it('F67: alg none in any case, missing, or not in the list', async () => {
    assert.equal(await statusOf(issueToken(key)), 200);
    for (const alg of [
      'none',
      'None',
      'NONE',
      'nOnE',
      '',
      undefined,
      null,
      7,
      'ES384',
      'HS256',
      'es256',
      ['ES256'],
    ]) {
      const token = issueToken(key, plainClaims, { alg });
      for (const each of [token, token.replace(/[^.]+$/, '')])
        assert.equal(await statusOf(each), 401, String(alg));
    }
    const publicPem = Buffer.from(key.publicKey.export({ type: 'spki', format: 'pem' }));
    assert.equal(
      await statusOf(issueToken(publicPem, plainClaims, { kid: 'k1' })),
      401,
      'a public key is no secret',
    );
    assert.equal(
      await statusOf(issueToken(key), { jwks: jwksOf(key, newKey('r', 'RS256')), algorithms: ['RS256'] }),
      401,
    );
  });

  it('F67: an extension that must be understood, and an unencoded payload', async () => {
    for (const extension of [
      { crit: [] },
      { crit: ['exp'], exp: 1 },
      { crit: ['b64'], b64: true },
      { b64: true },
      { b64: false },
    ])
      assert.equal(await statusOf(issueToken(key, plainClaims, extension)), 401, JSON.stringify(extension));
  });

  it('F69: keys that are too short, of another curve, and signatures of zeros', async () => {
    for (const bits of [512, 1024]) {
      const { publicKey } = generateKeyPairSync('rsa', { modulusLength: bits });
      const jwks = JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] });
      assert.match(String(optionMistakes(jwt, { ...base, jwks })), new RegExp(`it has ${bits} bits`));
    }
    const p384 = newKey('k1', 'ES384');
    const { alg: _, ...anyAlg } = p384.jwk;
    const options = { jwks: JSON.stringify({ keys: [anyAlg] }), algorithms: ['ES256', 'ES384'] as const };
    assert.equal(
      await statusOf(issueToken(p384, plainClaims), { ...options, algorithms: [...options.algorithms] }),
      200,
    );
    assert.equal(
      await statusOf(issueToken(p384, plainClaims, { alg: 'ES256' }), {
        ...options,
        algorithms: [...options.algorithms],
      }),
      401,
    );
    const [head, body] = issueToken(key).split('.');
    for (const size of [0, 1, 63, 64, 65]) {
      assert.equal(await statusOf(`${head}.${body}.${Buffer.alloc(size).toString('base64url')}`), 401);
    }
  });

  it('F70, F71: a kid that means something elsewhere, and keys that a token brings along', async () => {
    const fetched: string[] = [];
    const fetch: Fetch = (url) => {
      fetched.push(url);
      return Promise.resolve({ status: 200, headers: [], body: Buffer.from(jwksOf(key)) });
    };
    const jwks = 'https://issuer.example/keys';
    const own = new FakeClock();
    const { instance } = benchPolicy(jwt, { ...base, jwks, keyMaxAge: '24h' }, { clock: own, fetch });
    const ask = async (token: string) =>
      (await instance.onRequest?.(fakeExchange({ headers: { authorization: `Bearer ${token}` } })))?.status ??
      200;
    const mine = newKey('k1');
    for (const kid of [
      'k2',
      '',
      '../../etc/passwd',
      "' OR 1=1 --",
      'https://evil.example/k',
      '__proto__',
      'x'.repeat(5000),
      'x'.repeat(65_536),
      7,
      null,
      ['k1'],
    ]) {
      assert.equal(await ask(issueToken(key, plainClaims, { kid })), 401, String(kid).slice(0, 40));
      own.advance(10_000);
    }
    for (const brought of [
      { jwk: mine.jwk },
      { jku: 'https://evil.example/jwks' },
      { x5u: 'https://evil.example/c' },
      { x5c: ['MIIB'] },
    ]) {
      assert.equal(await ask(issueToken(mine, plainClaims, brought)), 401);
      assert.equal(await ask(issueToken(key, plainClaims, brought)), 200);
    }
    // Once at the start, and once for each kid that is a text.
    assert.deepEqual(fetched, Array(8).fill(jwks));
  });

  for (const [what, claims, status] of [
    ['exp missing', { exp: undefined }, 401],
    ['exp as text', { exp: String(now + 60) }, 401],
    ['exp null', { exp: null }, 401],
    ['exp a fraction ahead', { exp: now + 0.5 }, 200],
    ['exp as long ago as the skew', { exp: now - 30 }, 401],
    ['exp a moment less long ago', { exp: now - 29.999 }, 200],
    ['nbf as far ahead as the skew', { nbf: now + 30 }, 200],
    ['nbf a moment further', { nbf: now + 30.001 }, 401],
    ['nbf as text', { nbf: '0' }, 401],
    ['iat as far ahead as the skew', { iat: now + 30 }, 200],
    ['iat a moment further', { iat: now + 30.001 }, 401],
    ['iat long ago', { iat: 0 }, 200],
  ] as const) {
    it(`F73: ${what} is ${status}`, async () => {
      assert.equal(await statusOf(issueToken(key, { ...plainClaims, ...claims })), status);
    });
  }

  it('F73: exp beyond all numbers, and what is no number', async () => {
    for (const exp of ['1e400', '-1e400', 'NaN', 'Infinity', '0x7fffffff', '[9999999999]'])
      assert.equal(
        await statusOf(issueRaw(key, header, payload.replace(/"exp":\d+/, `"exp":${exp}`))),
        401,
        exp,
      );
  });

  for (const [what, claims] of [
    ['iss in a list', { iss: [plainClaims.iss] }],
    ['iss that begins alike', { iss: 'https://issuer.exampl' }],
    ['iss with a slash more', { iss: `${plainClaims.iss}/` }],
    ['iss in capitals', { iss: plainClaims.iss.toUpperCase() }],
    ['iss missing', { iss: undefined }],
    ['iss __proto__', { iss: '__proto__' }],
    ['aud missing', { aud: undefined }],
    ['aud that begins alike', { aud: 'order' }],
    ['aud that contains it', { aud: 'orders2' }],
    ['aud an empty list', { aud: [] }],
    ['aud nested', { aud: [['orders']] }],
    ['aud with a number in it', { aud: ['orders', 7] }],
    ['aud an object', { aud: { 0: 'orders' } }],
  ] as const) {
    it(`F74: ${what} is 401`, async () => {
      assert.equal(await statusOf(issueToken(key, { ...plainClaims, ...claims })), 401);
    });
  }

  it('F74: aud that lists ours among others passes', async () => {
    assert.equal(await statusOf(issueToken(key, { ...plainClaims, aud: ['stock', 'orders'] })), 200);
  });

  it('F75: JSON that two readers read differently, and what is too much', async () => {
    const good = issueRaw(key, header, payload);
    assert.equal(await statusOf(good), 200);
    const twice = (text: string, member: string): string => text.replace('{', `{${member},`);
    const deep = '['.repeat(2500) + ']'.repeat(2500);
    for (const [head, body] of [
      [twice(header, '"alg":"none"'), payload],
      [header, twice(payload, '"sub":"root"')],
      [header, twice(payload, '"s\\u0075b":"root"')],
      [header, twice(payload, '"x":{"a":1,"a":2}')],
      [header, twice(payload, '"x":[{"a":1,"a":2}]')],
      [header, twice(payload, `"x":${deep}`)],
      [header, `\uFEFF${payload}`],
      [header, `[${payload}]`],
      [header, 'null'],
      [header, ''],
      [
        header,
        Buffer.concat([
          Buffer.from(`${payload.slice(0, -1)},"x":"`),
          Buffer.from([0xc0, 0xaf]),
          Buffer.from('"}'),
        ]),
      ],
    ] as const) {
      assert.equal(await statusOf(issueRaw(key, head, body)), 401, `${head} ${String(body).slice(0, 80)}`);
    }
    const [h = '', b = '', s = ''] = good.split('.');
    for (const spelled of [
      `${h}=.${b}.${s}`,
      `${h}.${b}.${s}==`,
      `${h}. ${b}.${s}`,
      `${h}.${b}\n.${s}`,
      `${h}.${b}.${s}.`,
      `${h}.${b}.${s}.x`,
      `.${h}.${b}.${s}`,
      `${h}..${s}`,
      `${h}.${b}.`,
      `${h}.${b}`,
      '..',
      '.',
    ])
      assert.equal(await statusOf(spelled), 401, spelled);
    const padded = (size: number) => issueToken(key, { ...plainClaims, pad: 'x'.repeat(size) });
    const most = Math.floor(((8192 - good.length) * 3) / 4) - 12;
    assert.ok(padded(most).length <= 8192 && padded(most + 12).length > 8192);
    assert.equal(await statusOf(padded(most)), 200);
    assert.equal(await statusOf(padded(most + 12)), 401);
  });

  it('F77: the scheme in any case, and nothing but one token behind it', async () => {
    const token = issueToken(key);
    for (const good of [`bearer ${token}`, `BEARER ${token}`, `Bearer   ${token}`])
      assert.equal(await statusFor(good), 200, good.slice(0, 10));
    for (const bad of [
      `Bearer\t${token}`,
      `Bearer ${token} ${token}`,
      `Bearer ${token}, Bearer ${token}`,
      `Bearer ${token},`,
      'Bearer',
      'Bearer ',
      '',
      `Bearer="${token}"`,
      `Bearer:${token}`,
      token,
      `Bearerx ${token}`,
      `Token ${token}`,
    ])
      assert.equal(await statusFor(bad), 401, bad.slice(0, 10));
  });

  it('F78: a token of another issuer, whose key has the same kid', async () => {
    const other = newKey('k1');
    const theirs = { ...plainClaims, iss: 'https://other.example' };
    const both = { issuers: [base, { issuer: theirs.iss, audience: 'orders', jwks: jwksOf(other) }] };
    const { instance } = benchPolicy(jwt, both, { clock });
    const ask = async (token: string) =>
      (await instance.onRequest?.(fakeExchange({ headers: { authorization: `Bearer ${token}` } })))?.status ??
      200;
    assert.equal(await ask(issueToken(other, theirs)), 200);
    assert.equal(await ask(issueToken(key, theirs)), 401);
    assert.equal(await statusOf(issueToken(other, theirs)), 401);
    assert.equal(await statusOf(issueToken(key)), 200);
  });

  it('F79: a remembered token does not outlive its end, nor rules that are others now', async () => {
    const own = new FakeClock();
    const { instance } = benchPolicy(jwt, { ...base, clockSkew: 0 }, { clock: own });
    const token = issueToken(key, { ...plainClaims, exp: own.now() / 1000 + 10 });
    const ask = async () =>
      (await instance.onRequest?.(fakeExchange({ headers: { authorization: `Bearer ${token}` } })))?.status ??
      200;
    assert.deepEqual([await ask(), await ask()], [200, 200]);
    assert.equal(await statusOf(token, { audience: 'stock' }), 401);
    own.advance(10_000);
    assert.equal(await ask(), 401);
  });
});
