import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { z } from 'zod';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { fakeExchange, type FakeExchange, type FakeExchangeInit } from '../../../test/kit/fake-exchange.ts';
import { ask, benchPolicy, optionMistakes, type BenchedPolicy } from '../../../test/kit/policy-bench.ts';
import { issueToken, jwksOf, newKey, plainClaims } from '../../../test/kit/token-issuer.ts';
import type { Reply } from '../../core/exchange.ts';
import type { Setup } from '../../core/policy.ts';
import { jwt } from './jwt.ts';

type Options = z.input<typeof jwt.options>;

const key = newKey('k1');
const clock = new FakeClock();
const base = { issuer: plainClaims.iss, audience: 'orders', jwks: jwksOf(key) } satisfies Options;

function bench(options: Options = {}, setup: Partial<Setup> = {}): BenchedPolicy {
  return benchPolicy(jwt, { ...base, ...options }, { clock, ...setup });
}

function withToken(token: string, init: FakeExchangeInit = {}): FakeExchange {
  return fakeExchange({ ...init, headers: { authorization: `Bearer ${token}` } });
}

async function askAsync({ instance }: BenchedPolicy, exchange: FakeExchange): Promise<Reply | undefined> {
  return (await instance.onRequest?.(exchange)) ?? undefined;
}

async function statusOf(policy: BenchedPolicy, token: string): Promise<number> {
  return (await askAsync(policy, withToken(token)))?.status ?? 200;
}

function header(reply: Reply | undefined, name: string): string | undefined {
  return new Map(reply?.headers ?? []).get(name);
}

describe('jwt', () => {
  for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const) {
    it(`lets a token pass that is signed with ${alg}, and no other algorithm of the same key`, async () => {
      const signing = newKey('k', alg);
      const options = { jwks: jwksOf(signing) };
      assert.equal(await statusOf(bench({ ...options, algorithms: [alg] }), issueToken(signing)), 200);
      const others = alg === 'ES256' ? (['RS256', 'ES256'] as const) : (['ES256', alg] as const);
      assert.equal(
        await statusOf(
          bench({ ...options, algorithms: [...others] }),
          issueToken(signing, plainClaims, { alg: others[0] }),
        ),
        401,
      );
    });
  }

  it('lets a token pass that is signed with the shared secret', async () => {
    const secret = 'a secret of forty octets, no less, of it';
    const options = { jwks: undefined, secret };
    assert.equal(await statusOf(bench(options), issueToken(Buffer.from(secret))), 200);
    assert.equal(await statusOf(bench(options), issueToken(Buffer.from(`${secret}!`))), 401);
    const hex = Buffer.from(secret).toString('hex');
    assert.equal(
      await statusOf(
        bench({ ...options, secret: hex, secretEncoding: 'hex' }),
        issueToken(Buffer.from(secret)),
      ),
      200,
    );
  });

  it('takes keys in PEM, several in one text', async () => {
    const other = newKey('k2', 'RS256');
    const pem = [other, key]
      .map(({ publicKey }) => publicKey.export({ type: 'spki', format: 'pem' }))
      .join('\n');
    const policy = bench({ jwks: undefined, pem });
    assert.equal(await statusOf(policy, issueToken(key)), 200);
    assert.equal(await statusOf(policy, issueToken(other)), 200);
    assert.equal(await statusOf(policy, issueToken(newKey('k1'))), 401);
  });

  it('says who is asking', async () => {
    const exchange = withToken(
      issueToken(key, {
        ...plainClaims,
        groups: ['staff', 7, 'buyers'],
        scope: 'orders:read  orders:write',
        x: { y: [1] },
      }),
    );
    assert.equal(await askAsync(bench(), exchange), undefined);
    assert.equal(exchange.consumer?.id, 'alice');
    assert.deepEqual(exchange.consumer?.groups, ['staff', 'buyers']);
    assert.deepEqual(exchange.consumer?.scopes, ['orders:read', 'orders:write']);
    assert.deepEqual(exchange.consumer?.claims?.['x'], { y: [1] });
  });

  it('lends the claims to many requests, and lets none of them change a thing', async () => {
    const exchange = withToken(issueToken(key, { ...plainClaims, groups: ['a'], deep: { list: [{}] } }));
    await askAsync(bench(), exchange);
    const { claims, groups } = exchange.consumer ?? {};
    const { deep } = claims as { deep: { list: object[] } };
    for (const value of [exchange.consumer, claims, groups, deep, deep.list, deep.list[0]])
      assert.ok(Object.isFrozen(value));
  });

  it('takes the id and the groups from other claims when told so', async () => {
    const policy = bench({ consumerClaim: 'client_id', groupsClaim: 'roles' });
    const exchange = withToken(issueToken(key, { ...plainClaims, client_id: 'shop', roles: 'admin' }));
    assert.equal(await askAsync(policy, exchange), undefined);
    assert.equal(exchange.consumer?.id, 'shop');
    assert.deepEqual(exchange.consumer?.groups, ['admin']);
    for (const id of [undefined, '', 7, 'a\r\nx: y', 'a'.repeat(257)])
      assert.equal(
        await statusOf(policy, issueToken(key, { ...plainClaims, client_id: id })),
        401,
        String(id),
      );
  });

  it('asks for a token without a word of an error when there is none', () => {
    for (const headers of [{}, { authorization: 'Basic YTpi' }, { authorization: '' }] as const) {
      const reply = ask(bench(), fakeExchange({ id: 'r1', headers }));
      assert.equal(reply?.status, 401);
      assert.equal(header(reply, 'www-authenticate'), 'Bearer');
      assert.equal(
        reply.body,
        '{"title":"Unauthorized","status":401,"detail":"This needs a token.","code":"token_missing","requestId":"r1"}',
      );
    }
  });

  it('never tells a client why its token was refused, and the log always', async () => {
    const expired = issueToken(key, { ...plainClaims, exp: 1 });
    const forged = issueToken(newKey('k1'));
    const answers = new Set<unknown>();
    const reasons: unknown[] = [];
    const logger = { debug() {}, warn() {}, error() {}, info: (fields: object) => void reasons.push(fields) };
    for (const token of [expired, forged, 'x', 'a.b.c', `${expired}.x`]) {
      const reply = await askAsync(bench({}, { logger }), withToken(token, { id: 'r1' }));
      answers.add(JSON.stringify([reply?.body, [...(reply?.headers ?? [])]]));
    }
    assert.equal(answers.size, 1);
    assert.match(String([...answers]), /Bearer error=\\"invalid_token\\"/);
    assert.deepEqual(reasons[0], { requestId: 'r1', route: 'test', policy: 'jwt', reason: 'expired' });
    assert.equal(reasons.length, 5);
    assert.ok(!JSON.stringify(reasons).includes(expired));
  });

  it('names the metadata of the resource when there are any', async () => {
    const policy = bench({
      resourceMetadata: 'https://api.example.com/.well-known/oauth-protected-resource',
    });
    const named = 'resource_metadata="https://api.example.com/.well-known/oauth-protected-resource"';
    assert.equal(header(ask(policy, fakeExchange()), 'www-authenticate'), `Bearer ${named}`);
    const bad = await askAsync(policy, withToken('x.y.z'));
    assert.equal(header(bad, 'www-authenticate'), `Bearer error="invalid_token", ${named}`);
  });

  it('lets requests without a token pass when it is optional, and none with a bad one', async () => {
    const policy = bench({ optional: true });
    const exchange = fakeExchange();
    assert.equal(ask(policy, exchange), undefined);
    assert.equal(exchange.consumer, undefined);
    assert.equal(await statusOf(policy, 'x.y.z'), 401);
    assert.equal(ask(policy, fakeExchange({ headers: { authorization: 'Bearer' } }))?.status, 401);
    assert.equal(await statusOf(policy, issueToken(key)), 200);
  });

  it('asks for a typ when told so, whatever its case and prefix', async () => {
    const policy = bench({ typ: 'at+jwt' });
    for (const [typ, status] of [
      ['at+jwt', 200],
      ['AT+JWT', 200],
      ['application/at+jwt', 200],
      ['JWT', 401],
      ['', 401],
      [undefined, 401],
    ] as const)
      assert.equal(await statusOf(policy, issueToken(key, plainClaims, { typ })), status, typ);
    assert.equal(
      await statusOf(
        bench({ typ: ['JWT', 'application/at+jwt'] }),
        issueToken(key, plainClaims, { typ: 'jwt' }),
      ),
      200,
    );
  });

  it('asks for the claims that are required', async () => {
    const policy = bench({ requiredClaims: ['tenant'] });
    for (const [tenant, status] of [
      ['a', 200],
      [0, 200],
      [false, 200],
      [null, 401],
      [undefined, 401],
    ] as const)
      assert.equal(
        await statusOf(policy, issueToken(key, { ...plainClaims, tenant })),
        status,
        String(tenant),
      );
    assert.equal(await statusOf(bench({ requiredClaims: ['toString'] }), issueToken(key)), 401);
  });

  it('keeps several issuers apart', async () => {
    const other = newKey('k1', 'EdDSA');
    const issuers = [
      { issuer: plainClaims.iss, audience: 'orders', jwks: jwksOf(key) },
      { issuer: 'https://other.example', audience: ['stock', 'shop'], jwks: jwksOf(other) },
    ];
    const policy = benchPolicy(jwt, { issuers }, { clock });
    const theirs = { ...plainClaims, iss: 'https://other.example', aud: 'stock' };
    assert.equal(await statusOf(policy, issueToken(key)), 200);
    assert.equal(await statusOf(policy, issueToken(other, theirs)), 200);
    assert.equal(await statusOf(policy, issueToken(key, theirs)), 401);
    assert.equal(await statusOf(policy, issueToken(other)), 401);
    assert.equal(await statusOf(policy, issueToken(other, { ...theirs, aud: 'orders' })), 401);
  });

  it('refuses a good token of which a single octet is another', async () => {
    const token = issueToken(key);
    const policy = bench();
    assert.equal(await statusOf(policy, token), 200);
    const place = fc.integer({ min: 0, max: token.length - 1 });
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 0x21, max: 0x7e }), async (at, code) => {
        const changed = token.slice(0, at) + String.fromCharCode(code) + token.slice(at + 1);
        fc.pre(changed !== token);
        assert.equal(await statusOf(policy, changed), 401, changed);
      }),
      { numRuns: 400 },
    );
  });

  it('refuses the last character of a signature in any other spelling', async () => {
    const token = issueToken(key);
    for (const character of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
      if (!token.endsWith(character))
        assert.equal(await statusOf(bench(), token.slice(0, -1) + character), 401, character);
    }
  });
});

describe('jwt, remembered tokens', () => {
  it('verifies a token once, and then answers at once', async () => {
    const policy = bench();
    const token = issueToken(key);
    assert.ok(policy.instance.onRequest?.(withToken(token)) instanceof Promise);
    await askAsync(policy, withToken(token));
    const exchange = withToken(token);
    assert.equal(ask(policy, exchange), undefined);
    assert.equal(exchange.consumer?.id, 'alice');
    assert.equal(policy.counts.get('remembered'), 1);
  });

  it('remembers no token beyond its end, and no bad one at all', async () => {
    const own = new FakeClock();
    const policy = bench({ clockSkew: '30s' }, { clock: own });
    const token = issueToken(key, { ...plainClaims, exp: own.now() / 1000 + 60 });
    await askAsync(policy, withToken(token));
    own.advance(59_999);
    assert.equal(ask(policy, withToken(token)), undefined);
    own.advance(1);
    assert.ok(policy.instance.onRequest?.(withToken(token)) instanceof Promise);
    own.advance(29_999);
    assert.equal(await statusOf(policy, token), 200);
    own.advance(1);
    assert.equal(await statusOf(policy, token), 401);
    assert.ok(policy.instance.onRequest?.(withToken(token)) instanceof Promise);
  });

  it('remembers as many as it is told to, the latest', async () => {
    const policy = bench({ remember: 2 });
    const tokens = ['a', 'b', 'c'].map((sub) => issueToken(key, { ...plainClaims, sub }));
    for (const token of tokens) await askAsync(policy, withToken(token));
    const isRemembered = (token: string) =>
      !(policy.instance.onRequest?.(withToken(token)) instanceof Promise);
    assert.deepEqual(tokens.map(isRemembered), [false, true, true]);
  });

  it('remembers none when told so', async () => {
    const policy = bench({ remember: 0 });
    const token = issueToken(key);
    await askAsync(policy, withToken(token));
    assert.ok(policy.instance.onRequest?.(withToken(token)) instanceof Promise);
  });
});

describe('jwt, where the token is', () => {
  const token = issueToken(key);

  it('passes on the token of the Authorization header, unless told otherwise', async () => {
    const kept = withToken(token);
    await askAsync(bench(), kept);
    assert.equal(kept.request.headers.get('authorization'), `Bearer ${token}`);
    const dropped = withToken(token);
    await askAsync(bench({ forwardToken: false }), dropped);
    assert.equal(dropped.request.headers.has('authorization'), false);
  });

  it('takes it out of the cookies, and leaves the others', async () => {
    const policy = bench({ from: { cookie: 'session' } });
    const exchange = fakeExchange({
      headers: [
        ['Cookie', `a=1; session=${token}; xsession=2`],
        ['Cookie', 'b=3'],
      ],
    });
    assert.equal(await askAsync(policy, exchange), undefined);
    assert.deepEqual(exchange.request.headers.getAll('cookie'), ['a=1; xsession=2; b=3']);
    assert.equal(exchange.request.headers.has('authorization'), false);
    const only = fakeExchange({ headers: { cookie: `session="${token}"` } });
    assert.equal(ask(policy, only), undefined);
    assert.equal(only.request.headers.has('cookie'), false);
  });

  it('passes it on as a bearer token when told so', async () => {
    const exchange = fakeExchange({ headers: { cookie: `session=${token}`, authorization: 'Bearer other' } });
    assert.equal(
      await askAsync(bench({ from: { cookie: 'session' }, forwardToken: true }), exchange),
      undefined,
    );
    assert.deepEqual(exchange.request.headers.getAll('authorization'), [`Bearer ${token}`]);
  });

  it('takes it out of the query, and leaves the rest as it was written', async () => {
    const policy = bench({ from: { query: 'access_token' } });
    for (const [query, rest] of [
      [`access_token=${token}`, undefined],
      [`a=%20+&access_token=${token}&&b`, 'a=%20+&&b'],
      [`%61ccess_token=${token}&x=1`, 'x=1'],
      [`xaccess_token=1&access_token=${token}`, 'xaccess_token=1'],
    ] as const) {
      const exchange = fakeExchange({ query });
      assert.equal(await askAsync(policy, exchange), undefined, query);
      assert.equal(exchange.request.query, rest);
    }
  });

  it('refuses two of them, and none at all', async () => {
    for (const [from, init] of [
      [{ query: 't' }, { query: `t=${token}&t=${token}` }],
      [{ query: 't' }, { query: `t=${token}&%74=${token}` }],
      [{ query: 't' }, { query: 't=' }],
      [{ query: 't' }, { query: 't' }],
      [{ query: 't' }, { query: 't=a%0d%0ab' }],
      [{ cookie: 't' }, { headers: { cookie: `t=${token}; t=${token}` } }],
      [{ cookie: 't' }, { headers: { cookie: 't=' } }],
    ] as const) {
      const reply = await askAsync(bench({ from }), fakeExchange(init));
      assert.equal(reply?.status, 401);
      assert.match(textOf(reply), /token_invalid/);
    }
    assert.match(textOf(ask(bench({ from: { query: 't' } }), withToken(token))), /token_missing/);
    assert.match(textOf(ask(bench({ from: { cookie: 't' } }), fakeExchange())), /token_missing/);
  });
});

describe('jwt, mistakes in the options', () => {
  const privatePem = String(key.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const { jwks, ...noKeys } = base;
  for (const [options, expected] of [
    [{}, ': no issuer is named'],
    [{ issuer: base.issuer, jwks }, ': no audience is named'],
    [{ ...base, algorithms: [] }, 'algorithms: '],
    [{ ...base, algorithms: ['none'] }, 'algorithms.0: a token with alg "none" has no signature'],
    [{ ...base, algorithms: ['RS265'] }, 'algorithms.0: '],
    [
      { ...base, algorithms: ['ES256', 'HS256'] },
      'algorithms.1: HS256 takes a secret, and there are public keys',
    ],
    [{ ...noKeys, secret: 'x'.repeat(64), algorithms: ['RS256'] }, 'algorithms.0: RS256 takes no secret'],
    [{ ...noKeys, secret: 'x'.repeat(31) }, 'secret: the secret has 31 octets, and HS256 needs 32'],
    [
      { ...noKeys, secret: 'x'.repeat(63), algorithms: ['HS256', 'HS512'] },
      'secret: the secret has 63 octets, and HS512 needs 64',
    ],
    [{ ...noKeys, secret: 'not hex', secretEncoding: 'hex' }, 'secret: the secret is not hex'],
    [{ ...base, secret: 'x'.repeat(64) }, 'secret: the keys are given twice'],
    [{ ...base, algorithms: ['RS256'] }, 'jwks: no key is one for RS256'],
    [{ ...base, jwks: '{"keys": []}' }, 'jwks: the key cannot be used: it has no key that verifies tokens'],
    [{ ...base, jwks: '{' }, 'jwks: the key cannot be used: it is no JWKS'],
    [
      { ...base, jwks: 'keys.json' },
      'jwks: "keys.json" is no URL | write an https URL in `jwks`, or ${file:keys.json}',
    ],
    [{ ...base, jwks: 'http://issuer.example/jwks' }, 'jwks: "http://issuer.example/jwks" is not https'],
    [{ ...base, jwks: '[{"kty":"oct","k":"c2VjcmV0"}]' }, 'jwks: what stands here is no URL'],
    [
      { ...base, jwks: 'https://ada:hunter2@issuer.example/jwks' },
      'jwks: what stands here has a user name or a password in it',
    ],
    [{ ...base, jwks: 'ftp://issuer.example/jwks' }, 'jwks: "ftp://issuer.example/jwks" is no https URL'],
    [{ ...base, jwks: 'https://a:b@issuer.example/jwks' }, 'jwks: '],
    [
      { ...noKeys, issuer: 'my issuer' },
      'issuer: the keys of an issuer are found by its URL, and "my issuer" is no URL',
    ],
    [{ ...noKeys, pem: 'issuer.pem' }, 'pem: there is no PEM | write ${file:issuer.pem}'],
    [{ ...noKeys, pem: ['x'] }, 'pem.0: there is no PEM'],
    [{ ...noKeys, pem: privatePem }, 'pem: the key cannot be used: it is a private key | write a public key'],
    [
      { ...base, jwks: JSON.stringify({ keys: [key.privateKey.export({ format: 'jwk' })] }) },
      'jwks: the key cannot be used: it has no key that verifies tokens; key 0: it is a private or a secret key',
    ],
    [{ issuer: 'a', issuers: [base] }, 'issuer: `issuer` and `issuers` do not go together'],
    [{ issuers: [base, base] }, 'issuers.1.issuer: https://issuer.example is named twice'],
    [{ issuers: [{ ...base, secret: 'x'.repeat(64) }] }, 'issuers.0.secret: the keys are given twice'],
    [{ ...base, from: { cookie: 'a b' } }, 'from'],
    [{ ...base, from: { query: 'a=b' } }, 'from'],
    [{ ...base, from: {} }, 'from: '],
    [{ ...base, from: { query: 'a', cookie: 'b' } }, 'from: '],
    [{ ...base, audiance: 'x' }, 'audiance: unknown key "audiance" | did you mean "audience"?'],
  ] as const) {
    it(`refuses ${expected}`, () => {
      const [first = 'nothing', ...others] = optionMistakes(jwt, options);
      assert.ok(first.startsWith(expected), first);
      assert.deepEqual(others, []);
    });
  }

  it('does not show a secret in a mistake', () => {
    const secret = 'q'.repeat(20);
    assert.ok(
      !optionMistakes(jwt, { ...noKeys, secret })
        .join()
        .includes(secret),
    );
  });
});

function textOf(reply: Reply | undefined): string {
  return typeof reply?.body === 'string' ? reply.body : '';
}
