import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { z } from 'zod';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { fakeExchange } from '../../../test/kit/fake-exchange.ts';
import { benchPolicy, optionMistakes } from '../../../test/kit/policy-bench.ts';
import type { Reply } from '../../core/exchange.ts';
import type { Fetch, FetchedAnswer, FetchRequest } from '../../core/fetch.ts';
import { introspection } from './introspection.ts';

type Options = Partial<z.input<typeof introspection.options>>;

const base = { url: 'https://id.example/introspect', clientId: 'gateway', clientSecret: 's3cret' };
const clock = new FakeClock();
const seconds = (ahead: number): number => clock.now() / 1000 + ahead;
const alice = { active: true, sub: 'alice' };

function answerOf(body: unknown, status = 200): FetchedAnswer {
  return { status, headers: [], body: Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)) };
}

/** The policy with an endpoint that answers as the test says, and everything that it was asked. */
function scene(
  options: Options = {},
  answer: FetchedAnswer | ((token: string) => Promise<FetchedAnswer>) = answerOf(alice),
) {
  const asked: { url: string; request: FetchRequest }[] = [];
  const fetch: Fetch = (url, request) => {
    asked.push({ url, request });
    const token = new URLSearchParams(String(request.body)).get('token') ?? '';
    return typeof answer === 'function' ? answer(token) : Promise.resolve(answer);
  };
  const logged: Readonly<Record<string, unknown>>[] = [];
  const log = (fields: Readonly<Record<string, unknown>>): void => void logged.push(fields);
  const logger = { debug: log, info: log, warn: log, error: log };
  const policy = benchPolicy(introspection, { ...base, ...options }, { clock, fetch, logger });
  const ask = async (authorization: string | undefined = 'Bearer t-1') => {
    const exchange = fakeExchange({ headers: authorization === '' ? {} : { authorization } });
    const reply: Reply | undefined = (await policy.instance.onRequest?.(exchange)) ?? undefined;
    return { reply, exchange, status: reply?.status ?? 200 };
  };
  return { ...policy, ask, asked, logged };
}

function challengeOf(reply: Reply | undefined): string | undefined {
  return new Map(reply?.headers).get('www-authenticate');
}

function textOf(reply: Reply | undefined): string {
  return typeof reply?.body === 'string' ? reply.body : '';
}

describe('introspection asks', () => {
  it('about the token, and says who it is itself', async () => {
    const { ask, asked } = scene({ clientId: 'gate way:é', clientSecret: 'a+b/c%d&' });
    await ask('bEARer  a~b+c/d==');
    assert.equal(asked[0]?.url, base.url);
    const { headers, ...rest } = asked[0].request;
    assert.deepEqual(rest, {
      timeout: 5000,
      maxBytes: 65_536,
      method: 'POST',
      body: 'token=a%7Eb%2Bc%2Fd%3D%3D&token_type_hint=access_token',
    });
    const lines = new Map(headers);
    assert.equal(lines.get('Content-Type'), 'application/x-www-form-urlencoded');
    assert.equal(lines.get('Accept'), 'application/json');
    const [scheme, credentials = ''] = (lines.get('Authorization') ?? '').split(' ');
    assert.deepEqual([scheme, atob(credentials)], ['Basic', 'gate+way%3A%C3%A9:a%2Bb%2Fc%25d%26']);
    const { clientId: _id, clientSecret: _secret, ...others } = base;
    const bearer: FetchRequest[] = [];
    const fetch: Fetch = (_url, request) => (bearer.push(request), Promise.resolve(answerOf(alice)));
    const { instance } = benchPolicy(introspection, { ...others, bearerToken: 'me' }, { clock, fetch });
    await instance.onRequest?.(fakeExchange({ headers: { authorization: 'Bearer t' } }));
    assert.equal(new Map(bearer[0]?.headers).get('Authorization'), 'Bearer me');
  });

  it('F77: nobody, without a token or with what cannot be one', async () => {
    const { ask, asked } = scene();
    for (const none of ['', 'Basic YTpi', 'Bearerx t']) {
      const { reply } = await ask(none);
      assert.deepEqual([reply?.status, challengeOf(reply), reply?.anonymous], [401, 'Bearer', true], none);
      assert.match(textOf(reply), /"token_missing"/);
    }
    for (const bad of [
      'Bearer',
      'Bearer ',
      'bearer\tt',
      'Bearer a b',
      'Bearer a,b',
      'Bearer "a"',
      'Bearer a=b',
      'Bearer é',
      `Bearer ${'a'.repeat(8193)}`,
    ]) {
      const { reply } = await ask(bad);
      assert.deepEqual(
        [reply?.status, challengeOf(reply), reply?.anonymous],
        [401, 'Bearer error="invalid_token"', undefined],
        bad,
      );
    }
    assert.equal(asked.length, 0);
    for (const good of ['Bearer t', 'bearer t', 'BEARER   t', `Bearer ${'a'.repeat(8192)}`])
      assert.equal((await ask(good)).status, 200);
    const optional = scene({ optional: true });
    assert.equal((await optional.ask('')).status, 200);
    assert.equal((await optional.ask('Bearer')).status, 401);
  });
});

describe('introspection reads', () => {
  it('who is asking', async () => {
    const answer = answerOf({
      ...alice,
      username: 'al',
      groups: ['a', 'b'],
      roles: 'r',
      scope: 'x y',
      client_id: 'c',
    });
    const { exchange } = await scene({}, answer).ask();
    const { claims, ...consumer } = exchange.consumer ?? {};
    assert.deepEqual(consumer, { id: 'alice', groups: ['a', 'b'], scopes: ['x', 'y'] });
    assert.equal(claims?.['client_id'], 'c');
    assert.ok(Object.isFrozen(claims));
    const other = await scene({ consumerClaim: 'username', groupsClaim: 'roles' }, answer).ask();
    assert.deepEqual([other.exchange.consumer?.id, other.exchange.consumer?.groups], ['al', ['r']]);
  });

  for (const [what, answer, options] of [
    ['is not active', { active: false, sub: 'alice' }, {}],
    ['has ended, skew and all', { ...alice, exp: seconds(-30) }, {}],
    ['has not begun', { ...alice, nbf: seconds(31) }, {}],
    ['is of another issuer', { ...alice, iss: 'https://id.example/' }, { issuer: 'https://id.example' }],
    ['is of no issuer', alice, { issuer: 'undefined' }],
    ['is for somebody else', { ...alice, aud: ['x', 'orders2'] }, { audience: 'orders' }],
    ['is for nobody', alice, { audience: ['orders', 'undefined'] }],
    ['is of another type', { ...alice, token_type: 'DPoP' }, { type: 'Bearer' }],
    ['is of no type', alice, { type: 'undefine' }],
    ['names nobody', { active: true }, {}],
    ['names nobody by a number', { active: true, sub: 7 }, {}],
    ['names nobody but a line end', { active: true, sub: 'a\r\nX: y' }, {}],
    ['names nobody in the prototype', { active: true }, { consumerClaim: 'constructor' }],
  ] as const) {
    it(`a token that ${what} is 401, and only the log says why`, async () => {
      const { ask, logged } = scene(options as Options, answerOf(answer));
      const { reply, exchange } = await ask();
      assert.deepEqual([reply?.status, challengeOf(reply)], [401, 'Bearer error="invalid_token"']);
      assert.equal(
        reply?.body,
        `{"title":"Unauthorized","status":401,"detail":"The token is not valid.","code":"token_invalid","requestId":"${exchange.id}"}`,
      );
      assert.equal(exchange.consumer, undefined);
      assert.ok(
        logged.some(({ reason, requestId }) => typeof reason === 'string' && requestId === exchange.id),
      );
    });
  }

  for (const [what, answer, options] of [
    ['ends in a fraction', { ...alice, exp: seconds(0.5) }, {}],
    ['ended less long ago than the skew', { ...alice, exp: seconds(-29) }, {}],
    ['begins within the skew', { ...alice, nbf: seconds(30) }, {}],
    ['is for us among others', { ...alice, aud: ['x', 'orders'] }, { audience: ['y', 'orders'] }],
    ['is of our type in another case', { ...alice, token_type: 'bearer' }, { type: 'Bearer' }],
  ] as const) {
    it(`a token that ${what} passes`, async () => {
      assert.equal((await scene(options as Options, answerOf(answer)).ask()).status, 200);
    });
  }

  it('no answer in what is none: 503, for nobody knows', async () => {
    const rejects = () => Promise.reject(new Error('connect ECONNREFUSED'));
    const answers = [
      rejects,
      ...[201, 204, 301, 302, 400, 401, 403, 404, 429, 500, 503].map((status) => answerOf(alice, status)),
      ...[
        '',
        'active',
        '<html>',
        '{',
        'true',
        '[{"active":true}]',
        '{"active":true,"active":true}',
        '{"active":true,"sub":"a","sub":"b"}',
        '\ufeff{"active":true,"sub":"a"}',
      ].map((text) => answerOf(text)),
      ...[{}, { sub: 'alice' }, { active: 'true' }, { active: 1 }, { active: null }, { active: [true] }].map(
        (value) => answerOf(value),
      ),
      ...[
        { ...alice, exp: '9999999999' },
        { ...alice, exp: null },
        { ...alice, nbf: {} },
      ].map((value) => answerOf(value)),
      answerOf('{"active":true,"sub":"alice","exp":1e400}'),
      answerOf('{"__proto__":{"active":true},"sub":"alice"}'),
    ];
    for (const answer of answers) {
      const { ask, asked, logged } = scene({}, answer);
      const { reply, exchange } = await ask();
      assert.equal(reply?.status, 503, JSON.stringify(answer));
      assert.match(textOf(reply), /"introspection_unavailable"/);
      assert.deepEqual(
        [new Map(reply.headers).get('retry-after'), challengeOf(reply), exchange.consumer],
        ['5', undefined, undefined],
      );
      await ask();
      assert.equal(asked.length, 2, 'it is not remembered');
      assert.equal(
        logged.filter(({ endpoint }) => endpoint === 'id.example/introspect').length,
        1,
        'one warning',
      );
      assert.doesNotMatch(JSON.stringify(logged), /t-1|s3cret/);
    }
  });

  it('a refusal of its own credentials as what it is, for the operator', async () => {
    const { ask, logged } = scene({}, answerOf('', 401));
    await ask();
    assert.match(JSON.stringify(logged), /does not take the credentials of the gateway/);
  });
});

describe('introspection remembers', () => {
  it('F79: an active token for as long as told, and never past its end', async () => {
    const { ask, asked, counts } = scene({ cache: { for: '1m' } }, () =>
      Promise.resolve(answerOf({ ...alice, exp: seconds(30) })),
    );
    await ask();
    clock.advance(29_999);
    assert.equal((await ask()).exchange.consumer?.id, 'alice');
    assert.deepEqual([asked.length, counts.get('remembered')], [1, 1]);
    clock.advance(1);
    await ask();
    assert.equal(asked.length, 2);
    const unlimited = scene({ cache: { for: '1m' } });
    await unlimited.ask();
    clock.jump(-3_600_000);
    clock.advance(60_000);
    await unlimited.ask();
    assert.equal(unlimited.asked.length, 2, 'a clock that is set keeps nothing alive');
    clock.jump(3_600_000);
  });

  it('F79: a token that was revoked is refused once that time is over, and then at once', async () => {
    let active = true;
    const { ask } = scene({ cache: { for: '10s' } }, () => Promise.resolve(answerOf({ ...alice, active })));
    assert.equal((await ask()).status, 200);
    active = false;
    clock.advance(9999);
    assert.equal((await ask()).status, 200);
    clock.advance(1);
    assert.equal((await ask()).status, 401);
    assert.equal((await ask()).status, 401);
  });

  it('nothing when told so', async () => {
    for (const answer of [alice, { active: false }]) {
      const { ask, asked } = scene({ cache: { for: 0, inactiveFor: 0 } }, answerOf(answer));
      await ask();
      await ask();
      assert.equal(asked.length, 2);
    }
  });

  it('refused tokens shortly, in room of their own', async () => {
    const { ask, asked } = scene({ cache: { for: '1m', maxEntries: 2 } }, (token) =>
      Promise.resolve(answerOf({ ...alice, active: token === 'good' })),
    );
    await ask('Bearer good');
    for (const bad of ['a', 'b', 'c', 'c']) assert.equal((await ask(`Bearer ${bad}`)).status, 401);
    assert.equal((await ask('Bearer good')).status, 200);
    assert.equal(asked.length, 4);
    clock.advance(5000);
    await ask('Bearer c');
    assert.equal(asked.length, 5);
  });

  it('no more than there is room for, however large answers are', async () => {
    const { ask, asked } = scene(
      { cache: { for: '1m', maxEntries: 10 } },
      answerOf({ ...alice, x: 'x'.repeat(30_000) }),
    );
    for (let i = 0; i < 2; i++) await ask('Bearer a');
    await ask('Bearer b');
    await ask('Bearer a');
    assert.equal(asked.length, 3);
  });

  it('one question for all who bring the same token meanwhile, and no more at a time than told', async () => {
    const gate = Promise.withResolvers<FetchedAnswer>();
    const { ask, asked } = scene({ inFlight: 2 }, () => gate.promise);
    const same = Array.from({ length: 50 }, () => ask('Bearer same'));
    const others = Array.from({ length: 30 }, (_, i) => ask(`Bearer t${i}`));
    assert.deepEqual(
      (await Promise.all(others.slice(21))).map(({ status }) => status),
      Array<number>(9).fill(503),
    );
    assert.equal(asked.length, 2);
    gate.resolve(answerOf(alice));
    assert.ok((await Promise.all([...same, ...others.slice(0, 21)])).every(({ status }) => status === 200));
    assert.equal(asked.length, 22);
  });
});

describe('introspection', () => {
  it('forwards the token, or not, and discards one that nobody verified', async () => {
    assert.equal((await scene().ask()).exchange.request.headers.get('authorization'), 'Bearer t-1');
    assert.equal(
      (await scene({ forwardToken: false }).ask()).exchange.request.headers.has('authorization'),
      false,
    );
    for (const [authorization, stays] of [
      ['bearer x', false],
      ['Bearer', false],
      ['Basic YTpi', true],
    ] as const) {
      const exchange = fakeExchange({ headers: { authorization } });
      scene().instance.discardCredentials?.(exchange);
      assert.equal(exchange.request.headers.has('authorization'), stays);
    }
  });

  it('names where clients learn how to get a token', async () => {
    const { ask } = scene({ resourceMetadata: 'https://api.example/.well-known/x' });
    assert.equal(
      challengeOf((await ask('')).reply),
      'Bearer resource_metadata="https://api.example/.well-known/x"',
    );
  });

  it('explains what it asks and what it is told, and remembers nothing', async () => {
    const { instance, asked } = scene({}, answerOf({ ...alice, exp: 1 }));
    for (let i = 1; i < 3; i++) {
      const step = await instance.explain?.(fakeExchange({ headers: { authorization: 'Bearer t-1' } }));
      assert.equal(step?.reply?.status, 401);
      assert.deepEqual(step.notes, [
        'asks POST https://id.example/introspect about the token',
        'the token is refused: expired',
      ]);
      assert.equal(asked.length, i);
    }
  });

  for (const [what, options, mistake] of [
    ['no URL', { url: 'id.example' }, /^url: this is no URL/],
    ['http to another machine', { url: 'http://id.example/' }, /^url: .*without TLS/],
    ['nothing to say who asks', { clientSecret: undefined }, /who it is \| write `clientId`/],
    ['two ways to say it', { bearerToken: 'me' }, /^bearerToken: .*two ways/],
    ['a token that is none', { bearerToken: 'a b' }, /^bearerToken: /],
  ] as const) {
    it(`refuses ${what}`, () => {
      const mistakes = String(optionMistakes(introspection, { ...base, ...options }));
      assert.match(mistakes, mistake);
      assert.doesNotMatch(mistakes, /s3cret/);
    });
  }

  it('takes http to this machine, and to another when told to', () => {
    for (const options of [
      { url: 'http://127.0.0.1:1/' },
      { url: 'http://[::1]/' },
      { url: 'http://id.example/', allowHttp: true },
    ])
      assert.deepEqual(optionMistakes(introspection, { ...base, ...options }), []);
  });
});
