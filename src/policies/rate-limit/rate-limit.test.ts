import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseList } from 'structured-headers';
import type { z } from 'zod';
import type { Exchange } from '../../core/exchange.ts';
import type { LimitStore } from '../../core/limits.ts';
import type { Setup } from '../../core/policy.ts';
import { systemRandom } from '../../core/random.ts';
import { createLimitMemory } from '../../store/limits/limit-memory.ts';
import { LocalLimits } from '../../store/limits/local-limits.ts';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { fakeExchange, fakeResponse, type FakeExchangeInit } from '../../../test/kit/fake-exchange.ts';
import { answer, ask, benchPolicy, headOf, optionMistakes } from '../../../test/kit/policy-bench.ts';
import { rateLimit } from './rate-limit.ts';

type Options = z.input<typeof rateLimit.options>;

/** A policy with a clock, and the statuses of requests that go through it: 200 for those that pass. */
function scene(options: Options, setup: Partial<Setup> = {}) {
  const clock = new FakeClock();
  const policy = benchPolicy(rateLimit, options, { clock, ...setup });
  const send = (init: FakeExchangeInit = {}, status = 200): number => {
    const exchange = fakeExchange(init);
    const reply = ask(policy, exchange);
    answer(policy, exchange, reply === undefined ? fakeResponse({}, { status }) : headOf(reply));
    return reply?.status ?? status;
  };
  return { clock, policy, send };
}

/** The head of the answer to a request. */
function headFor(policy: ReturnType<typeof scene>['policy'], exchange: Exchange = fakeExchange()) {
  const reply = ask(policy, exchange);
  return answer(policy, exchange, reply === undefined ? fakeResponse() : headOf(reply)).headers;
}

/** A structured field as its names and parameters. */
function items(field: string | undefined): unknown[] {
  return parseList(field ?? '').map(([name, parameters]): unknown => [name, Object.fromEntries(parameters)]);
}

describe('rate-limit', () => {
  it('lets the limit pass, refuses what comes after, and lets pass again when time has gone by', () => {
    const { send, clock, policy } = scene({ limit: 3, window: '1m' });
    assert.deepEqual([send(), send(), send(), send()], [200, 200, 200, 429]);
    clock.advance(19_999);
    assert.equal(send(), 429);
    clock.advance(1);
    assert.deepEqual([send(), send()], [200, 429]);
    assert.deepEqual([policy.counts.get('allowed'), policy.counts.get('refused limit=minute')], [4, 3]);
  });

  it('answers 429 as a problem, with whole seconds in Retry-After, never 0', () => {
    const { policy } = scene({ limit: 10, window: '1s' });
    for (let i = 0; i < 10; i++) ask(policy, fakeExchange());
    const reply = ask(policy, fakeExchange({ id: 'req-1' }));
    assert.equal(
      reply?.body,
      '{"title":"Too Many Requests","status":429,"detail":"Too many requests; try again later.","code":"rate_limited","requestId":"req-1"}',
    );
    assert.equal(headOf(reply).headers.get('retry-after'), '1');
  });

  it('Retry-After is when the request passes', () => {
    const { policy, clock, send } = scene({ limit: 2, window: '1m', cost: 2 });
    send();
    const reply = headOf(ask(policy, fakeExchange()));
    assert.equal(reply.headers.get('retry-after'), '60');
    clock.advance(60_000);
    assert.equal(send(), 200);
  });

  it('holds several limits at once, and what one refuses counts for none', () => {
    const { send, clock, policy } = scene({
      limits: [
        { limit: 2, window: '1s' },
        { name: 'hourly', limit: 5, window: '1h', algorithm: 'fixed-window' },
      ],
    });
    assert.deepEqual([send(), send(), send()], [200, 200, 429]);
    clock.advance(1000);
    assert.deepEqual([send(), send(), send()], [200, 200, 429]);
    clock.advance(1000);
    assert.deepEqual([send(), send()], [200, 429]);
    assert.equal(policy.counts.get('refused limit=second'), 2);
    assert.equal(policy.counts.get('refused limit=hourly'), 1);
  });

  it('lets `burst` pass at once, and then goes on evenly', () => {
    const { send, clock } = scene({ limit: 60, window: '1m', burst: 2 });
    assert.deepEqual([send(), send(), send()], [200, 200, 429]);
    clock.advance(1000);
    assert.deepEqual([send(), send()], [200, 429]);
  });

  it('counts the cost of a request', () => {
    const { send } = scene({ limit: 10, window: '1m', cost: 4 });
    assert.deepEqual([send(), send(), send()], [200, 200, 429]);
  });

  it('counts and refuses only the methods that it is told', () => {
    const { send } = scene({ limit: 1, window: '1m', methods: ['POST'] });
    const methods = ['GET', 'POST', 'GET', 'POST', 'GET'].map((method) => send({ method }));
    assert.deepEqual(methods, [200, 200, 200, 429, 200]);
  });

  it('counts only answers with the statuses that it is told, and refuses everything once they are too many', () => {
    const { send, clock } = scene({ limit: 2, window: '1m', statuses: [401, '5xx'] });
    assert.deepEqual([send({}, 200), send({}, 401), send({}, 404), send({}, 503)], [200, 401, 404, 503]);
    assert.equal(send({}, 200), 429);
    clock.advance(30_000);
    assert.deepEqual([send({}, 200), send({}, 200), send({}, 401), send({}, 200)], [200, 200, 401, 429]);
  });

  it('a limit that only watches refuses nothing, says nothing to clients, counts, and logs once a second', () => {
    const logged: unknown[] = [];
    const logger = {
      debug() {},
      info: (fields: unknown, message: string) => void logged.push([fields, message]),
      warn() {},
      error() {},
    };
    const { send, policy, clock } = scene({ limit: 1, window: '1m', dryRun: true }, { logger });
    assert.deepEqual([send(), send(), send()], [200, 200, 200]);
    clock.advance(1000);
    send();
    const message = 'requests beyond a limit that only watches';
    assert.deepEqual(logged, [
      [{ route: 'test', limits: ['minute'], requests: 1 }, message],
      [{ route: 'test', limits: ['minute'], requests: 2 }, message],
    ]);
    assert.equal(policy.counts.get('would_refuse limit=minute'), 3);
    assert.equal(headFor(policy).get('ratelimit'), undefined);
  });

  it('waits for a store that is elsewhere, also with its refusal and what is charged afterwards', async () => {
    const clock = new FakeClock();
    const local = new LocalLimits(createLimitMemory(65_536, systemRandom, 0), 1, clock);
    const limits: LimitStore = {
      limiter: (rules) => {
        const limiter = local.limiter(rules);
        return { decide: (...asked) => Promise.resolve(limiter.decide(...asked)) };
      },
    };
    const policy = benchPolicy(rateLimit, { limit: 1, window: '1m', statuses: [401] }, { clock, limits });
    const statuses: (number | undefined)[] = [];
    for (let i = 0; i < 2; i++) {
      const exchange = fakeExchange();
      const reply = await policy.instance.onRequest?.(exchange);
      answer(policy, exchange, reply === undefined ? fakeResponse({}, { status: 401 }) : headOf(reply));
      statuses.push(reply?.status);
    }
    assert.deepEqual(statuses, [undefined, 429]);
  });
});

describe('what requests are told apart by', () => {
  const limit = { limit: 1, window: '1m' } as const;
  const alice = { id: 'alice', groups: ['free'], claims: { org: { id: 7 }, 'https://x/y': 'z' } };

  for (const [by, same, other] of [
    ['ip', { client: { ip: '::ffff:192.0.2.1' } }, { client: { ip: '192.0.2.2' } }],
    ['consumer', { consumer: alice, client: { ip: '192.0.2.9' } }, { consumer: { id: 'bob' } }],
    ['route', { routeName: 'a', client: { ip: '192.0.2.9' } }, { routeName: 'b' }],
    ['header:X-Key', { headers: { 'x-key': 'k' } }, { headers: { 'X-Key': 'K' } }],
    ['claim:org.id', { consumer: alice }, { consumer: { id: 'alice', claims: { org: { id: 8 } } } }],
    ['claim:https://x/y', { consumer: alice }, { consumer: { id: 'alice', claims: { 'https://x/y': 'a' } } }],
    ['param:tenant', { params: { tenant: 'a' } }, { params: { tenant: 'b' } }],
    [
      ['consumer', 'param:tenant'],
      { consumer: alice, params: { tenant: 'a' } },
      { consumer: alice, params: { tenant: 'b' } },
    ],
  ] as const) {
    it(`by ${String(by)}`, () => {
      const { send } = scene(
        { ...limit, by: typeof by === 'string' ? by : [...by] },
        { paramNames: ['tenant'] },
      );
      const first = by === 'ip' ? {} : same;
      assert.deepEqual([send(first), send(same), send(other), send(other)], [200, 429, 200, 429]);
    });
  }

  it('two values are never taken for two others that read alike', () => {
    const { send } = scene({ ...limit, by: ['header:a', 'header:b'] });
    for (const [a, b] of [
      ['x', 'yz'],
      ['xy', 'z'],
      ['1:x', 'y'],
      ['1', ':x1:y'],
      ['v:w', 'z'],
      ['v', 'w:z'],
    ] as const)
      assert.equal(send({ headers: { a, b } }), 200, `${a} ${b}`);
  });

  it('what lacks it is counted by its address, apart from those that have it', () => {
    const { send } = scene({ ...limit, by: 'header:x-key' });
    assert.equal(send({ headers: { 'x-key': '192.0.2.1' } }), 200);
    assert.deepEqual([send(), send(), send({ client: { ip: '192.0.2.2' } })], [200, 429, 200]);
  });

  it('what lacks it is counted apart from what another limit of the route counts by the address', () => {
    const limits = new LocalLimits(createLimitMemory(65_536, systemRandom, 0), 1, new FakeClock());
    const two = { limit: 2, window: '1m' } as const;
    const byAddress = scene(two, { limits });
    const byConsumer = scene({ ...two, by: 'consumer' }, { limits });
    const sent = [1, 2, 3].map(() => [byAddress.send(), byConsumer.send()]);
    assert.deepEqual(sent, [
      [200, 200],
      [200, 200],
      [429, 429],
    ]);
  });

  it('what lacks it is not counted where that is wished', () => {
    const { send } = scene({ ...limit, by: 'consumer', missing: 'skip' });
    assert.deepEqual(
      [send(), send(), send({ consumer: alice }), send({ consumer: alice })],
      [200, 200, 200, 429],
    );
  });

  it('groups have limits of their own, the first that the consumer is in', () => {
    const { send } = scene({
      limit: 1,
      window: '1m',
      by: 'consumer',
      groups: { paid: { limit: 3 }, free: { limits: [{ limit: 2, window: '1s' }] } },
    });
    const statuses = (groups?: string[]): number[] =>
      Array.from({ length: 4 }, () => send({ consumer: { id: String(groups), ...(groups && { groups }) } }));
    assert.deepEqual(statuses(['free']), [200, 200, 429, 429]);
    assert.deepEqual(statuses(['free', 'paid']), [200, 200, 200, 429]);
    assert.deepEqual(statuses(['other']), [200, 429, 429, 429]);
    assert.deepEqual(statuses(), [200, 429, 429, 429]);
  });
});

describe('who counts together', () => {
  const limit = { limit: 1, window: '1m' } as const;
  const clock = new FakeClock();

  /** Two instances over one store; whether the second sees what the first has counted. */
  function together(
    [first, firstSetup]: readonly [Options, Partial<Setup>],
    [second, secondSetup]: readonly [Options, Partial<Setup>],
  ): boolean {
    const limits = new LocalLimits(createLimitMemory(65_536, systemRandom, 0), 1, clock);
    const [one, two] = [
      benchPolicy(rateLimit, first, { clock, limits, ...firstSetup }),
      benchPolicy(rateLimit, second, { clock, limits, ...secondSetup }),
    ];
    assert.equal(ask(one, fakeExchange()), undefined);
    return ask(two, fakeExchange())?.status === 429;
  }

  for (const [what, first, second, expected] of [
    ['one route before and after a reload', [limit, { routeName: 'a' }], [limit, { routeName: 'a' }], true],
    ['a limit that was changed', [limit, {}], [{ ...limit, window: '2m' }, {}], false],
    ['two routes', [limit, { routeName: 'a' }], [limit, { routeName: 'b' }], false],
    [
      'all routes of a policy in the list for every route',
      [limit, { routeName: 'a', onEveryRoute: true }],
      [limit, { routeName: 'b', onEveryRoute: true }],
      true,
    ],
    [
      'two routes under one name',
      [{ ...limit, name: 'x' }, { routeName: 'a' }],
      [
        { ...limit, name: 'x' },
        { routeName: 'b', onEveryRoute: true },
      ],
      true,
    ],
    ['two names', [{ ...limit, name: 'x' }, {}], [{ ...limit, name: 'y' }, {}], false],
  ] as const) {
    it(`${what}: ${expected ? 'together' : 'apart'}`, () => {
      assert.equal(together(first, second), expected);
    });
  }
});

describe('what clients are told', () => {
  it('the fields of the IETF draft, as structured fields', () => {
    const { policy } = scene({
      limits: [
        { limit: 100, window: '1m' },
        { name: 'burst', limit: 10, window: '1500ms', algorithm: 'fixed-window' },
      ],
    });
    for (let i = 0; i < 9; i++) ask(policy, fakeExchange());
    const headers = headFor(policy);
    assert.deepEqual(items(headers.get('ratelimit-policy')), [
      ['minute', { q: 100, w: 60 }],
      ['burst', { q: 10 }],
    ]);
    const [minute, burst] = items(headers.get('ratelimit'));
    assert.deepEqual(minute, ['minute', { r: 90, t: 1 }]);
    assert.deepEqual(burst, ['burst', { r: 0, t: 2 }]);
  });

  it('every policy adds its limits to the list', () => {
    const { policy } = scene({ limit: 1, window: '1m' });
    const exchange = fakeExchange();
    ask(policy, exchange);
    const head = fakeResponse({ RateLimit: '"inner";r=5' });
    answer(policy, exchange, head);
    assert.deepEqual(items(head.headers.getAll('ratelimit').join(', ')), [
      ['inner', { r: 5 }],
      ['minute', { r: 0, t: 60 }],
    ]);
  });

  it('a refusal says how it stands too', () => {
    const { policy } = scene({ limit: 1, window: '1m' });
    ask(policy, fakeExchange());
    const headers = headFor(policy);
    assert.equal(headers.get('ratelimit'), '"minute";r=0;t=60');
    assert.equal(headers.get('retry-after'), '60');
  });

  it('the older fields, of the limit that is nearest', () => {
    const { policy, clock } = scene({
      headers: 'x-ratelimit',
      limits: [
        { limit: 100, window: '1h' },
        { limit: 10, window: '1m' },
      ],
    });
    const headers = headFor(policy);
    const reset = Math.ceil((clock.now() + 6000) / 1000);
    assert.deepEqual(
      ['limit', 'remaining', 'reset'].map((name) => headers.get(`x-ratelimit-${name}`)),
      ['10', '9', String(reset)],
    );
    assert.equal(headers.get('ratelimit'), undefined);
  });

  it('nothing, where that is wished', () => {
    const { policy } = scene({ headers: 'none', limit: 1, window: '1m' });
    assert.deepEqual([...headFor(policy)], []);
  });
});

describe('explaining a request', () => {
  it('says what it would meet, and counts nothing', async () => {
    const { policy, send } = scene({ limit: 2, window: '1m', by: ['consumer', 'header:x-key'] });
    const explain = (init: FakeExchangeInit) => policy.instance.explain?.(fakeExchange(init));
    const asked = { consumer: { id: 'alice' }, headers: { 'x-key': 'secret' } };
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(await explain(asked), {
        reply: undefined,
        notes: [
          'counted by consumer alice, header:x-key with the SHA-256 2bb80d537b1d…',
          'minute: 2 in 60 s (gcra), 2 left',
        ],
      });
    }
    send(asked);
    send(asked);
    const refused = await explain(asked);
    assert.equal(refused?.reply?.status, 429);
    assert.equal(refused?.notes[1], 'minute: 2 in 60 s (gcra), 0 left');
    assert.equal((await explain({}))?.notes[0], 'counted by ip 192.0.2.1 (no consumer, no header:x-key)');
  });

  it('says what is not counted', async () => {
    const { policy } = scene({ limit: 2, window: '1m', methods: ['POST'], by: 'consumer', missing: 'skip' });
    assert.deepEqual(await policy.instance.explain?.(fakeExchange()), { notes: ['GET is not counted'] });
    const post = fakeExchange({ method: 'POST' });
    assert.deepEqual(await policy.instance.explain?.(post), { notes: ['no consumer: not counted'] });
  });
});

describe('mistakes in the options', () => {
  const limit = { limit: 10, window: '1m' };
  for (const [options, expected] of [
    [{}, ': there is no limit | write a limit and a window'],
    [{ limit: 10 }, ': a limit of 10 has no window | '],
    [{ ...limit, limits: [limit] }, 'limits: there are limits in two places | '],
    [
      { limits: [limit, { limit: 20, window: '60s' }] },
      'limits.1: another limit of the list is called "minute" as well | ',
    ],
    [{ ...limit, burst: 5, algorithm: 'fixed-window' }, 'burst: fixed-window knows no burst | '],
    [
      { ...limit, cost: 11 },
      'cost: no request would pass: each costs 11, and "minute" lets 10 pass at once | ',
    ],
    [{ ...limit, groups: { free: {} } }, 'groups.free: there is no limit | '],
    [{ ...limit, cost: 5, groups: { free: { limit: 3 } } }, 'cost: no request would pass: each costs 5'],
    [{ ...limit, by: 'address' }, 'by: "address" is nothing to tell requests apart by | write ip, consumer'],
    [{ ...limit, by: ['ip', 'ip'] }, 'by.1: "ip" stands here twice | '],
    [{ ...limit, by: 'header:a b' }, 'by: "a b" is not a header name | '],
    [{ ...limit, by: 'param:id' }, 'by: the path of the route captures no parameter "id" | '],
    [{ ...limit, methods: ['post'] }, 'methods.0: "post" is not a method | '],
    [{ ...limit, statuses: ['6xx'] }, 'statuses.0: "6xx" is not a status | '],
    [{ ...limit, limit: 0 }, 'limit: '],
    [{ ...limit, window: 60 }, 'window: 60 has no unit | '],
    [{ ...limit, name: 'a"b' }, 'name: this is not the name of a limit | '],
  ] as const) {
    it(JSON.stringify(options), () => {
      const [first = 'nothing', ...others] = optionMistakes(rateLimit, options);
      assert.ok(first.startsWith(expected), first);
      assert.deepEqual(others, []);
    });
  }
});
