import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { z } from 'zod';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { fakeExchange, type FakeExchange, type FakeExchangeInit } from '../../../test/kit/fake-exchange.ts';
import { benchPolicy, optionMistakes } from '../../../test/kit/policy-bench.ts';
import type { Reply } from '../../core/exchange.ts';
import type { Fetch, FetchedAnswer, FetchRequest } from '../../core/fetch.ts';
import { forwardAuth } from './forward-auth.ts';

type Options = Partial<z.input<typeof forwardAuth.options>>;
type Lines = readonly (readonly [string, string])[];

const alice: Lines = [['x-user', 'alice']];
const credentials = { authorization: 'Bearer a', cookie: 'b=1' };

function answerOf(status: number, headers: Lines = [], body = ''): FetchedAnswer {
  return { status, headers, body: Buffer.from(body) };
}

/** The policy with a service that answers as the test says, and everything that it was asked. */
function scene(
  options: Options = {},
  answer: FetchedAnswer | (() => Promise<FetchedAnswer>) = answerOf(200, alice),
) {
  const asked: { url: string; request: FetchRequest }[] = [];
  const clock = new FakeClock();
  const fetch: Fetch = (url, request) => {
    asked.push({ url, request });
    return typeof answer === 'function' ? answer() : Promise.resolve(answer);
  };
  const logged: Readonly<Record<string, unknown>>[] = [];
  const log = (fields: Readonly<Record<string, unknown>>): void => void logged.push(fields);
  const logger = { debug: log, info: log, warn: log, error: log };
  const policy = benchPolicy(
    forwardAuth,
    { url: 'http://auth:4000/verify?key=s3cret', ...options },
    { clock, fetch, logger },
  );
  const ask = async (init: FakeExchangeInit = { headers: credentials }) => {
    const exchange = fakeExchange(init);
    const reply: Reply | undefined = (await policy.instance.onRequest?.(exchange)) ?? undefined;
    return { reply, exchange, status: reply?.status ?? 200 };
  };
  return { ...policy, ask, asked, clock, logged };
}

function sent(exchange: FakeExchange): [string, string][] {
  return [...exchange.request.headers].map(([name, value]) => [name.toLowerCase(), value]);
}

describe('forward-auth asks', () => {
  it('with the chosen headers and where the request goes, and nothing else the client said', async () => {
    const { ask, asked } = scene({ method: 'POST', timeout: '2s', maxBody: '1kb' });
    await ask({
      method: 'PUT',
      path: '/a/b',
      query: 'c=%20d',
      host: 'shop.example',
      port: 8443,
      client: { ip: '203.0.113.9', scheme: 'https', peerIp: '10.0.0.1' },
      headers: [
        ['authorization', 'Bearer a'],
        ['Cookie', 'b=1'],
        ['cookie', 'c=2'],
        ['X-Forwarded-For', '6.6.6.6'],
        ['X-Forwarded-Uri', '/public'],
        ['X-Forwarded-Method', 'GET'],
        ['X-Other', 'x'],
        ['Content-Length', '7'],
      ],
    });
    assert.equal(asked.length, 1);
    assert.equal(asked[0]?.url, 'http://auth:4000/verify?key=s3cret');
    const { headers, ...rest } = asked[0].request;
    assert.deepEqual(rest, { method: 'POST', timeout: 2000, maxBytes: 1024 });
    assert.deepEqual(
      [...(headers ?? [])],
      [
        ['Authorization', 'Bearer a'],
        ['Cookie', 'b=1; c=2'],
        ['X-Forwarded-Method', 'PUT'],
        ['X-Forwarded-Proto', 'https'],
        ['X-Forwarded-Host', 'shop.example:8443'],
        ['X-Forwarded-Uri', '/a/b?c=%20d'],
        ['X-Forwarded-For', '203.0.113.9'],
        ['Forward-Auth-Hops', '1'],
      ],
    );
  });

  it('nobody, when the request is a question that came round', async () => {
    const { ask, asked } = scene();
    for (const [hops, status] of [
      ['1', 200],
      ['2', 200],
      ['3', 503],
      ['9', 503],
      ['-1', 503],
      ['1, 1', 503],
    ] as const)
      assert.equal((await ask({ headers: { 'forward-auth-hops': hops } })).status, status, hops);
    assert.deepEqual(
      asked.map(({ request }) => [...(request.headers ?? [])].at(-1)?.[1]),
      ['2', '3'],
    );
  });
});

describe('forward-auth obeys', () => {
  it('2xx: the request goes on with the chosen headers of the answer, and none that the client forged', async () => {
    const { ask } = scene(
      {
        responseHeaders: ['X-User', 'X-Roles', 'Authorization'],
        consumerHeader: 'X-Id',
        groupsHeader: 'X-Groups',
        scopesHeader: 'X-Scope',
      },
      answerOf(204, [
        ...alice,
        ['x-id', 'al\xc3\xafce'],
        ['x-groups', 'a, b'],
        ['x-groups', 'c'],
        ['x-scope', 'r w,x'],
        ['x-other', 'o'],
        ['authorization', 'Bearer new'],
      ]),
    );
    const { reply, exchange } = await ask({
      headers: [
        ['X-USER', 'admin'],
        ['x_user', 'admin'],
        ['X.User', 'admin'],
        ['x-roles', 'root'],
        ['X-Id', 'admin'],
        ['x_groups', 'root'],
        ['X-Scope', 'all'],
        ['authorization', 'Bearer a'],
        ['accept', '*/*'],
      ],
    });
    assert.equal(reply, undefined);
    assert.deepEqual(sent(exchange), [
      ['accept', '*/*'],
      ['x-user', 'alice'],
      ['authorization', 'Bearer new'],
    ]);
    assert.deepEqual(exchange.consumer, { id: 'alïce', groups: ['a', 'b', 'c'], scopes: ['r', 'w', 'x'] });
  });

  it('401 and 403: the client gets that answer, with its body and the chosen headers', async () => {
    for (const status of [401, 403]) {
      const { ask, counts } = scene(
        {},
        answerOf(
          status,
          [
            ['content-type', 'text/html'],
            ['www-authenticate', 'Basic'],
            ['set-cookie', 'a=1'],
            ['set-cookie', 'b=2'],
            ['connection', 'x'],
            ['content-length', '2'],
            ['x-internal', 'i'],
            ['cache-control', 'max-age=9'],
          ],
          'no',
        ),
      );
      const { reply } = await ask();
      assert.deepEqual(reply, {
        status,
        headers: [
          ['content-type', 'text/html'],
          ['www-authenticate', 'Basic'],
          ['set-cookie', 'a=1'],
          ['set-cookie', 'b=2'],
          ['cache-control', 'no-store'],
        ],
        body: Buffer.from('no'),
      });
      assert.equal(counts.get('refused'), 1);
    }
  });

  it('says of a refusal whether the request had any credentials', async () => {
    const { ask } = scene({}, answerOf(401));
    assert.equal((await ask({})).reply?.anonymous, true);
    assert.equal((await ask({ headers: { cookie: 'a=1' } })).reply?.anonymous, undefined);
    const told = scene({ requestHeaders: ['Cookie', 'User-Agent', 'X-Key'] }, answerOf(401));
    assert.equal(
      (await told.ask({ headers: { 'user-agent': 'a', authorization: 'b' } })).reply?.anonymous,
      true,
    );
    assert.equal((await told.ask({ headers: { 'x-key': 'a' } })).reply?.anonymous, undefined);
  });

  it('3xx only when told to, and only where it leads somewhere', async () => {
    const redirect = answerOf(302, [
      ['location', '/login'],
      ['set-cookie', 'a=1'],
    ]);
    assert.equal((await scene({}, redirect).ask()).status, 503);
    const { reply } = await scene({ redirects: true }, redirect).ask();
    assert.deepEqual([reply?.status, ...(reply?.headers ?? [])].slice(0, 2), [302, ['location', '/login']]);
    assert.equal((await scene({ redirects: true }, answerOf(302)).ask()).status, 503);
    assert.equal((await scene({ redirects: true }, answerOf(304, [['location', '/']])).ask()).status, 503);
  });

  it('nothing else: without a verdict nobody passes, and only the log says why', async () => {
    const consumerHeader = 'X-User';
    const rejects = (message: string) => () => Promise.reject(new Error(message));
    const answers = [
      ...[100, 101, 199, 300, 302, 400, 402, 404, 418, 429, 500, 502, 503, 504, 599, 0, 999].map((status) =>
        answerOf(status, alice),
      ),
      rejects('connect ECONNREFUSED 10.0.0.1:4000'),
      rejects('no complete answer within 5000 ms'),
      answerOf(200),
      answerOf(200, [['x-user', '']]),
      answerOf(200, [...alice, ['x-user', 'bob']]),
      answerOf(200, [['x-user', 'a'.repeat(257)]]),
      ...['a\r\nX-Admin: 1', 'a\0', 'a\x7f', 'a\u0100'].map((value) => answerOf(200, [['x-user', value]])),
      ...['a\r\nX-Admin: 1', 'a\0'].map((value) => answerOf(401, [['set-cookie', value]])),
    ];
    for (const answer of answers) {
      const { ask, logged, counts } = scene({ consumerHeader, responseHeaders: [consumerHeader] }, answer);
      const { reply, exchange } = await ask();
      assert.equal(reply?.status, 503, JSON.stringify(answer));
      assert.deepEqual(new Map(reply.headers).get('retry-after'), '5');
      assert.equal(
        reply.body,
        `{"title":"Service Unavailable","status":503,"detail":"Whether you may do this cannot be found out now; try again in a moment.","code":"auth_unavailable","requestId":"${exchange.id}"}`,
      );
      assert.equal(exchange.consumer, undefined);
      assert.equal(counts.get('unavailable'), 1);
      assert.ok(
        logged.some(({ reason, requestId }) => typeof reason === 'string' && requestId === exchange.id),
      );
      assert.doesNotMatch(JSON.stringify(logged), /s3cret/);
    }
  });

  it('nothing that has a malformed header to go on with, whoever it is from', async () => {
    for (const value of ['a\r\nX-Admin: 1', 'a\0', 'a\x7f', 'a\u0100']) {
      const { ask } = scene({ responseHeaders: ['X-User'] }, answerOf(200, [['x-user', value]]));
      assert.equal((await ask()).status, 503, JSON.stringify(value));
    }
  });

  it('lets a request of nobody pass when told to', async () => {
    const { ask } = scene({ consumerHeader: 'X-User', optional: true }, answerOf(200));
    const { reply, exchange } = await ask({ headers: { 'x-user': 'admin' } });
    assert.deepEqual([reply, exchange.consumer, sent(exchange)], [undefined, undefined, []]);
  });

  it('warns once in ten seconds while there are no verdicts', async () => {
    const { ask, logged, clock } = scene({}, answerOf(500));
    const warnings = () => logged.filter(({ service }) => service === 'auth:4000/verify').length;
    for (let i = 0; i < 20; i++) await ask();
    assert.equal(warnings(), 1);
    clock.advance(10_000);
    await ask();
    assert.equal(warnings(), 2);
  });

  it('takes out what nobody verified when another policy has let the request pass', () => {
    const { instance } = scene({ requestHeaders: ['Cookie', 'User-Agent'], responseHeaders: ['X-User'] });
    const headers = { x_user: 'admin', authorization: 'Bearer a', cookie: 'b=1', 'user-agent': 'c' };
    const exchange = fakeExchange({ headers });
    instance.discardCredentials?.(exchange);
    assert.deepEqual(sent(exchange), [
      ['authorization', 'Bearer a'],
      ['user-agent', 'c'],
    ]);
  });

  it('explains what it asks and what it is told, and remembers nothing', async () => {
    const { instance, asked } = scene({ responseHeaders: ['X-User'], cache: { for: '1m' } });
    for (let i = 1; i < 3; i++) {
      const step = await instance.explain?.(fakeExchange({ headers: credentials }));
      assert.equal(step?.reply, undefined);
      assert.deepEqual(step?.notes, [
        'asks GET http://auth:4000/verify with Authorization, Cookie, X-Forwarded-Method, X-Forwarded-Proto, X-Forwarded-Host, X-Forwarded-Uri, X-Forwarded-For, Forward-Auth-Hops',
        'it lets the request pass, with X-User',
      ]);
      assert.equal(asked.length, i);
    }
  });
});

describe('forward-auth remembers', () => {
  it('nothing unless told to, and what let one pass for as long as told', async () => {
    const without = scene();
    await without.ask();
    await without.ask();
    assert.equal(without.asked.length, 2);
    const { ask, asked, clock, counts } = scene({ consumerHeader: 'X-User', cache: { for: '10s' } });
    await ask();
    clock.advance(9999);
    assert.equal((await ask()).exchange.consumer?.id, 'alice');
    assert.deepEqual([asked.length, counts.get('remembered'), counts.get('passed')], [1, 1, 2]);
    clock.advance(1);
    await ask();
    assert.equal(asked.length, 2);
  });

  it('by everything that the service is told', async () => {
    const base: FakeExchangeInit = { headers: credentials };
    const others: FakeExchangeInit[] = [
      { ...base, path: '/a' },
      { ...base, query: 'a' },
      { ...base, method: 'POST' },
      { ...base, host: 'other.example' },
      { ...base, port: 81 },
      { ...base, client: { ip: '192.0.2.2' } },
      { ...base, client: { scheme: 'https' } },
      { headers: { ...credentials, authorization: 'Bearer b' } },
      { headers: { authorization: 'Bearer a' } },
      { headers: { authorization: 'Bearer a, b=1' } },
      { headers: { cookie: 'b=1' } },
      {},
    ];
    const { ask, asked } = scene({ cache: { for: '10s' } });
    for (const each of [base, ...others, base, ...others]) await ask(each);
    assert.equal(asked.length, others.length + 1);
  });

  it('by less when told to, and then only with credentials', async () => {
    const { ask, asked } = scene({ cache: { for: '10s', by: ['authorization', 'X-Forwarded-Host'] } });
    await ask({ headers: credentials });
    await ask({ headers: { ...credentials, cookie: 'other' }, path: '/other', client: { ip: '192.0.2.2' } });
    assert.equal(asked.length, 1);
    await ask({ headers: credentials, host: 'other.example' });
    assert.equal(asked.length, 2);
    await ask({});
    await ask({});
    assert.equal(asked.length, 4);
  });

  it('refusals only when told to, of requests with credentials, and in room of their own', async () => {
    let status = 403;
    const verdict = () => Promise.resolve(answerOf(status));
    const without = scene({ cache: { for: '10s' } }, verdict);
    await without.ask();
    await without.ask();
    assert.equal(without.asked.length, 2);
    const { ask, asked } = scene({ cache: { for: '1m', refusedFor: '10s', maxEntries: 1 } }, verdict);
    status = 200;
    await ask();
    status = 401;
    for (const authorization of ['a', 'b', 'c', 'c'])
      assert.equal((await ask({ headers: { authorization } })).status, 401);
    await ask({});
    await ask({});
    assert.equal(asked.length, 6);
    assert.equal((await ask()).status, 200);
    assert.equal(asked.length, 6);
  });

  it('no failure', async () => {
    const { ask, asked } = scene({ cache: { for: '1m', refusedFor: '1m' } }, answerOf(500));
    await ask();
    await ask();
    assert.equal(asked.length, 2);
  });

  it('one call for all who ask the same meanwhile, and one each for those without credentials', async () => {
    const gate = Promise.withResolvers<FetchedAnswer>();
    const { ask, asked } = scene({}, () => gate.promise);
    const all = [
      ...Array.from({ length: 50 }, () => ask()),
      ask({}),
      ask({}),
      ask({ headers: credentials, path: '/b' }),
    ];
    gate.resolve(answerOf(200, alice));
    await Promise.all(all);
    assert.equal(asked.length, 4);
  });

  it('no more calls at a time than told, and turns away whom it cannot let wait', async () => {
    const gate = Promise.withResolvers<FetchedAnswer>();
    const { ask, asked } = scene({ inFlight: 2 }, () => gate.promise);
    const all = Array.from({ length: 30 }, () => ask({}));
    assert.deepEqual(
      (await Promise.all(all.slice(22))).map(({ status }) => status),
      Array<number>(8).fill(503),
    );
    assert.equal(asked.length, 2);
    gate.resolve(answerOf(200));
    assert.ok((await Promise.all(all.slice(0, 22))).every(({ status }) => status === 200));
  });
});

describe('forward-auth options', () => {
  for (const [what, options, mistake] of [
    ['no URL', { url: 'auth' }, /^url: this is no URL/],
    ['another scheme', { url: 'ftp://auth/' }, /^url: .*no http/],
    ['a password in the URL', { url: 'http://a:b@auth/' }, /^url: .*password/],
    ['a header of the connection', { requestHeaders: ['Connection'] }, /^requestHeaders\.0: /],
    [
      'a header that is ours',
      { requestHeaders: ['Cookie', 'X-Forwarded-For'] },
      /^requestHeaders\.1: .*gateway's/,
    ],
    ['the host in an answer', { responseHeaders: ['host'] }, /^responseHeaders\.0: /],
    ['an encoding in an answer', { refusalHeaders: ['Content-Encoding'] }, /^refusalHeaders\.0: /],
    ['groups of nobody', { groupsHeader: 'X-Groups' }, /^groupsHeader: /],
    ['optional without a consumer', { optional: true }, /^optional: /],
    ['a redirect to nowhere', { redirects: true, refusalHeaders: [] }, /^redirects: /],
    [
      'a verdict by what is not told',
      { cache: { for: '1s', by: ['X-Other'] } },
      /^cache\.by\.0: .*not told "X-Other"/,
    ],
  ] as const) {
    it(`refuse ${what}`, () => {
      assert.match(String(optionMistakes(forwardAuth, { url: 'http://auth/', ...options })), mistake);
    });
  }
});
