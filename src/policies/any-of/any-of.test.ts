import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { z } from 'zod';
import { fakeExchange, fakeResponse, type FakeExchangeInit } from '../../../test/kit/fake-exchange.ts';
import { benchPolicy, optionMistakes, type BenchedPolicy } from '../../../test/kit/policy-bench.ts';
import type { Exchange, Reply } from '../../core/exchange.ts';
import {
  definePolicy,
  PolicyOptionError,
  type PolicyDefinition,
  type PolicyInstance,
} from '../../core/policy.ts';
import { anyOf } from './any-of.ts';

/** What the policies of a test were asked, in order. */
const calls: string[] = [];

/**
 * A policy that knows whoever has its name in the header `x-<name>`, refuses what else is in it, and takes it out; `later`
 * answers after a while, `throws` fails.
 */
function known(name: string, more: Partial<PolicyInstance> = {}): PolicyDefinition {
  return definePolicy({
    name,
    description: name,
    authenticates: true,
    options: z.strictObject({
      broken: z.boolean().default(false),
      optional: z.boolean().optional(),
      keeps: z.boolean().default(false),
      header: z.string().default(`x-${name}`),
    }),
    create({ broken, keeps, header }, { metrics }) {
      if (broken) throw new PolicyOptionError(['broken'], `${name} is broken`, 'mend it');
      const refused = metrics.counter('refused', 'Refused.');
      const decide = (exchange: Exchange): Reply | undefined => {
        const value = exchange.request.headers.get(header);
        if (value === 'throws') throw new Error(`${name} failed`);
        if (value === 'nobody') return undefined;
        if (!keeps) exchange.request.headers.delete(header);
        if (value?.startsWith(name) === true) {
          exchange.consumer = { id: value };
          return undefined;
        }
        refused.add();
        const challenges = [['WWW-Authenticate', `${name} realm="x"`] as const];
        if (value === undefined) return { status: 401, headers: challenges, anonymous: true };
        return value === 'down'
          ? { status: 503, headers: [['retry-after', '5']], body: name }
          : { status: 401, headers: [...challenges, ['www-authenticate', 'Same']], body: 'a reason' };
      };
      return {
        onRequest(exchange) {
          calls.push(`${name} asked`);
          const later = exchange.request.headers.get(header)?.endsWith('later') === true;
          return later ? Promise.resolve().then(() => decide(exchange)) : decide(exchange);
        },
        discardCredentials: ({ request }) => void request.headers.delete(header),
        onResponse: (_exchange, head) => {
          calls.push(`${name} answered`);
          head.headers.append('vary', header);
        },
        onFinish: () => void calls.push(`${name} finished`),
        close: () => void calls.push(`${name} closed`),
        ...more,
      };
    },
  });
}

const definitions = [known('first'), known('second'), known('third')] as const;
const all = [{ first: {} }, { second: {} }, { third: {} }];

function bench(options: object = {}, made: readonly PolicyDefinition[] = definitions): BenchedPolicy {
  calls.length = 0;
  return benchPolicy(anyOf(made), { policies: all, ...options });
}

async function ask({ instance }: BenchedPolicy, exchange: Exchange): Promise<Reply | undefined> {
  return (await instance.onRequest?.(exchange)) ?? undefined;
}

const scene = (headers: FakeExchangeInit['headers'] = {}) => fakeExchange({ id: 'req-1', headers });

function challengesOf(reply: Reply | undefined): string[] {
  return [...(reply?.headers ?? [])]
    .filter(([name]) => name === 'www-authenticate')
    .map(([, value]) => value);
}

describe('any-of', () => {
  it('lets pass what the first of its policies lets pass, and asks no other', async () => {
    const policy = bench();
    const exchange = scene({ 'x-second': 'second' });
    assert.equal(policy.instance.onRequest?.(exchange), undefined, 'at once, as its policies are');
    assert.equal(exchange.consumer?.id, 'second');
    assert.deepEqual(calls, ['first asked', 'second asked']);
    assert.equal(policy.counts.get('passed_second'), 1);
    assert.equal(policy.counts.get('passed_first'), 0);
    assert.equal(policy.counts.get('first refused'), 1, 'counters are those of the policies themselves');
  });

  it('waits for policies that have to wait', async () => {
    const exchange = scene({ 'x-first': 'wrong, later', 'x-second': 'second, later' });
    const verdict = bench().instance.onRequest?.(exchange);
    assert.ok(verdict instanceof Promise);
    assert.equal(await verdict, undefined);
    assert.equal(exchange.consumer?.id, 'second, later');
    assert.deepEqual(calls, ['first asked', 'second asked']);
  });

  it('takes credentials out that nobody has verified', async () => {
    const exchange = scene({ 'x-first': 'forged', 'x-second': 'second', 'x-third': 'forged', accept: '*/*' });
    const policies = [{ first: { keeps: true } }, { second: { keeps: true } }, { third: { keeps: true } }];
    assert.equal(await ask(bench({ policies }), exchange), undefined);
    assert.deepEqual(
      [...exchange.request.headers],
      [
        ['x-second', 'second'],
        ['accept', '*/*'],
      ],
    );
  });

  it('leaves verified credentials where they are, though another policy reads the same place', async () => {
    const header = 'authorization';
    const keeps = true;
    const policies = [{ first: { header, keeps } }, { second: { header, keeps } }, { third: {} }];
    for (const name of ['first', 'second']) {
      const exchange = scene({ authorization: name, 'x-third': 'forged' });
      assert.equal(await ask(bench({ policies }), exchange), undefined);
      assert.equal(exchange.consumer?.id, name);
      assert.deepEqual([...exchange.request.headers], [['authorization', name]]);
    }
  });

  it('lets each policy see the request as the first one did', async () => {
    const policies = [{ first: { header: 'x-key' } }, { second: { header: 'x-key' } }];
    const exchange = scene({ 'x-key': 'second' });
    assert.equal(await ask(bench({ policies }), exchange), undefined);
    assert.equal(exchange.consumer?.id, 'second');
  });

  it('refuses with all challenges in order, each once, and no reasons', async () => {
    const exchange = scene({ 'x-first': 'wrong', 'x-second': 'wrong' });
    const policy = bench();
    const reply = await ask(policy, exchange);
    assert.equal(reply?.status, 401);
    assert.equal(
      reply.body,
      '{"title":"Unauthorized","status":401,"detail":"Valid credentials are needed.","code":"credentials_refused","requestId":"req-1"}',
    );
    assert.deepEqual(challengesOf(reply), ['first realm="x"', 'Same', 'second realm="x"', 'third realm="x"']);
    assert.equal(exchange.consumer, undefined);
    assert.deepEqual([...exchange.request.headers], [], 'no log sees them either');
    assert.equal(policy.counts.get('refused'), 1);
  });

  it('passes on the answer of a policy that could not decide, unless another one can', async () => {
    const reply = await ask(bench(), scene({ 'x-first': 'wrong', 'x-second': 'down' }));
    assert.deepEqual(reply, { status: 503, headers: [['retry-after', '5']], body: 'second' });
    const exchange = scene({ 'x-first': 'down', 'x-third': 'third' });
    assert.equal(await ask(bench(), exchange), undefined);
    assert.equal(exchange.consumer?.id, 'third');
  });

  it('lets requests without any credentials pass when told so, and no others', async () => {
    const policy = bench({ anonymous: true });
    assert.equal(await ask(policy, scene()), undefined);
    assert.equal(policy.counts.get('anonymous'), 1);
    for (const header of ['x-first', 'x-second', 'x-third'])
      for (const [value, status] of [
        ['wrong', 401],
        ['', 401],
        ['wrong, later', 401],
        ['down', 503],
      ] as const)
        assert.equal((await ask(policy, scene({ [header]: value })))?.status, status, `${header}: ${value}`);
    assert.equal(policy.counts.get('anonymous'), 1);
  });

  it('takes a policy that lets pass without saying whom for one without an opinion', async () => {
    assert.equal((await ask(bench(), scene({ 'x-first': 'nobody' })))?.status, 401);
    const exchange = scene({ 'x-first': 'nobody', 'x-second': 'second' });
    assert.equal(await ask(bench(), exchange), undefined);
    assert.equal(exchange.consumer?.id, 'second');
    assert.equal(await ask(bench({ anonymous: true }), scene({ 'x-first': 'nobody' })), undefined);
  });

  it('takes nobody for verified whom a policy before it has found', async () => {
    const exchange = fakeExchange({ consumer: { id: 'before' }, headers: { 'x-first': 'nobody' } });
    assert.equal((await ask(bench(), exchange))?.status, 401);
    const anonymous = fakeExchange({ consumer: { id: 'before' } });
    assert.equal(await ask(bench({ anonymous: true }), anonymous), undefined);
    assert.equal(anonymous.consumer?.id, 'before', 'who it was stays known');
  });

  it('fails when one of its policies fails, whatever the others would say', async () => {
    assert.throws(() => bench().instance.onRequest?.(scene({ 'x-first': 'throws', 'x-second': 'second' })));
    const rejecting = known('first', { onRequest: () => Promise.reject(new Error('later')) });
    const policy = bench({ policies: [{ first: {} }, { second: {} }] }, [rejecting, known('second')]);
    await assert.rejects(ask(policy, scene({ 'x-second': 'second' })), /later/);
  });

  it('runs the later phases of those that were reached, in reverse', async () => {
    for (const [headers, reached] of [
      [{ 'x-first': 'first' }, ['first']],
      [{ 'x-second': 'second, later' }, ['second', 'first']],
      [{}, ['third', 'second', 'first']],
    ] as const) {
      const { instance } = bench();
      const exchange = scene(headers);
      await instance.onRequest?.(exchange);
      calls.length = 0;
      const head = fakeResponse();
      assert.equal(instance.onResponse?.(exchange, head), undefined, 'at once, as theirs do');
      instance.onFinish?.(exchange);
      assert.deepEqual(calls, [
        ...reached.map((name) => `${name} answered`),
        ...reached.map((name) => `${name} finished`),
      ]);
      assert.deepEqual(
        head.headers.getAll('vary'),
        reached.map((name) => `x-${name}`),
      );
    }
  });

  it('has no later phase that none of its policies has', () => {
    const bare = known('first', { onResponse: undefined, onFinish: undefined } as never);
    const { instance } = bench({ policies: [{ first: {} }] }, [bare]);
    assert.equal('onResponse' in instance, false);
    assert.equal('onFinish' in instance, false);
  });

  it('waits for later phases in order, and lets all finish though one fails', async () => {
    const order: string[] = [];
    const slow = known('first', {
      onResponse: async () => void order.push('first'),
      onFinish: () => void order.push('first finished'),
    });
    const second = known('second', {
      onResponse: async () => {
        await Promise.resolve();
        order.push('second');
      },
      onFinish() {
        throw new Error('second did not finish');
      },
    });
    const { instance } = bench({ policies: [{ first: {} }, { second: {} }] }, [slow, second]);
    const exchange = scene({ 'x-second': 'second' });
    await instance.onRequest?.(exchange);
    await instance.onResponse?.(exchange, fakeResponse());
    assert.throws(() => instance.onFinish?.(exchange), /did not finish/);
    assert.deepEqual(order, ['second', 'first', 'first finished']);
  });

  it('closes all of its policies, the last one first', async () => {
    const { instance } = bench();
    await instance.close?.();
    assert.deepEqual(calls, ['third closed', 'second closed', 'first closed']);
  });

  it('closes those that were made when another cannot be', async () => {
    calls.length = 0;
    const policies = [{ first: {} }, { second: {} }, { third: { broken: true } }];
    assert.deepEqual(optionMistakes(anyOf(definitions), { policies }), [
      'policies.2.third.broken: third is broken | mend it',
    ]);
    await Promise.resolve();
    await Promise.resolve();
    assert.deepEqual(calls.toSorted(), ['first closed', 'second closed']);
  });

  it('explains who lets pass, and who does not', async () => {
    const explained = known('second', {
      explain: () => ({ reply: { status: 401 }, notes: ['the sun is too low'] }),
    });
    const { instance } = bench({ anonymous: true }, [known('first'), explained, known('third')]);
    assert.deepEqual(await instance.explain?.(scene({ 'x-third': 'third' })), {
      notes: ['first does not let it pass', 'second: the sun is too low', 'third lets it pass'],
    });
    const refused = await instance.explain?.(scene());
    assert.equal(refused?.reply?.status, 401);
    const nobody = await bench({ anonymous: true }).instance.explain?.(scene());
    assert.equal(nobody?.reply, undefined);
    assert.equal(nobody?.notes.at(-1), 'there are no credentials: it passes as anonymous');
  });

  for (const [options, mistake] of [
    [{}, 'policies: "policies" is missing'],
    [{ policies: [] }, 'policies: the list is empty | write at least one policy'],
    [
      { policies: [{ cors: {} }] },
      'policies.0.cors: "cors" is no policy that establishes who is asking | write one of first, second, third',
    ],
    [
      { policies: [{ frist: {} }] },
      'policies.0.frist: "frist" is no policy that establishes who is asking | did you mean "first"?',
    ],
    [
      { policies: ['cors'] },
      'policies.0: "cors" is no policy that establishes who is asking | write one of first, second, third',
    ],
    [{ policies: [{ first: {} }, { first: { broke: 1 } }] }, 'policies.1.first.broke: unknown key "broke"'],
    [{ policies: [{ first: { broken: 1 } }] }, 'policies.0.first.broken: expected true or false, found 1'],
    [
      { policies: [{ first: { optional: true } }] },
      'policies.0.first.optional: inside of any-of, no single policy lets anonymous requests pass',
    ],
    [{ policies: [{ 'any-of': { policies: [] } }] }, 'policies.0.any-of: "any-of" is no policy'],
    [{ policies: all, anonymus: true }, 'anonymus: unknown key "anonymus" | did you mean "anonymous"?'],
  ] as const) {
    it(`refuses ${JSON.stringify(options)} and says where`, () => {
      const mistakes = optionMistakes(anyOf(definitions), options);
      assert.equal(mistakes.length, 1, mistakes.join('\n'));
      assert.ok(mistakes[0]?.startsWith(mistake), mistakes[0]);
    });
  }
});
