import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { z } from 'zod';
import { fakeExchange, type FakeExchange, type FakeExchangeInit } from '../../../test/kit/fake-exchange.ts';
import { answer, ask, benchPolicy, optionMistakes } from '../../../test/kit/policy-bench.ts';
import { requestId } from './request-id.ts';

const made = '00000000-0000-4000-8000-00000000abcd';
const random = { number: () => 0, bytes: (size: number) => new Uint8Array(size).fill(251), uuid: () => made };

const proxied = { ip: '203.0.113.9', peerIp: '10.0.0.1' };

function run(options: z.input<typeof requestId.options>, init: FakeExchangeInit): FakeExchange {
  const exchange = fakeExchange(init);
  assert.equal(ask(benchPolicy(requestId, options, { random }), exchange), undefined);
  return exchange;
}

describe('request-id', () => {
  it('makes a new id, for the log and for the service', () => {
    const exchange = run({}, {});
    assert.equal(exchange.id, made);
    assert.deepEqual(exchange.request.headers.getAll('x-request-id'), [made]);
  });

  it('makes a short id of 96 random bits when asked to', () => {
    assert.match(run({ generator: 'short' }, {}).id, /^[A-Za-z0-9_-]{16}$/);
  });

  it("keeps the id that came through a trusted proxy, and nobody else's, by default", () => {
    const headers = { 'X-Request-Id': 'from-the-edge' };
    assert.equal(run({}, { headers, client: proxied }).id, 'from-the-edge');
    assert.equal(run({}, { headers }).id, made);
  });

  it("keeps anyone's id, or none, when asked to", () => {
    const headers = { 'X-Request-Id': 'mine' };
    assert.equal(run({ accept: 'anyone' }, { headers }).id, 'mine');
    assert.equal(run({ accept: 'never' }, { headers, client: proxied }).id, made);
  });

  it('replaces an id from outside that it does not keep (F59)', () => {
    const exchange = run(
      { accept: 'never' },
      {
        headers: [
          ['X-Request-Id', 'a'],
          ['x-request-id', 'b'],
        ],
      },
    );
    assert.deepEqual(exchange.request.headers.getAll('x-request-id'), [made]);
  });

  for (const id of ['a', 'A-Za_z.0:9=+/', '0190a1b2-0000-4000-8000-000000000001', 'x'.repeat(128)]) {
    it(`keeps ${id.slice(0, 40)}`, () =>
      assert.equal(run({ accept: 'anyone' }, { headers: { 'x-request-id': id } }).id, id));
  }

  for (const [what, id] of [
    ['an empty id', ''],
    ['129 characters', 'x'.repeat(129)],
    ['a space', 'a b'],
    ['a quote', 'a"b'],
    ['markup', '<script>'],
    ['an escape sequence of a terminal', 'a\x1b[31m'],
    ['a line break', 'a\nb'],
    ['CR LF (F63)', 'a\r\nx: 1'],
    ['what is not ASCII', 'caf\xe9'],
    ['a template', '${client.ip}'],
    ['a semicolon', 'a;b'],
  ] as const) {
    it(`makes a new id instead of ${what}`, () => {
      const exchange = run({ accept: 'anyone' }, { headers: [['x-request-id', id]] });
      assert.equal(exchange.id, made);
      assert.deepEqual(exchange.request.headers.getAll('x-request-id'), [made]);
    });
  }

  it('makes a new id when two came, for the service might read the other', () => {
    const headers = [
      ['x-request-id', 'a'],
      ['X-Request-Id', 'a'],
    ] as const;
    assert.equal(run({ accept: 'anyone' }, { headers }).id, made);
  });

  it('reads and writes the header that it is told to', () => {
    const exchange = run(
      { header: 'X-Trace', accept: 'anyone' },
      { headers: { 'x-trace': 'mine', 'x-request-id': 'other' } },
    );
    assert.equal(exchange.id, 'mine');
    assert.equal(exchange.request.headers.serialize(), 'x-request-id: other\r\nX-Trace: mine\r\n');
  });

  it('shows the id in the answer only when asked to, and only once', () => {
    const exchange = fakeExchange({});
    const policy = benchPolicy(requestId, { respond: true }, { random });
    ask(policy, exchange);
    const head = answer(policy, exchange);
    assert.deepEqual(head.headers.getAll('x-request-id'), [made]);
    assert.deepEqual(answer(policy, exchange, head).headers.getAll('x-request-id'), [made]);
    assert.deepEqual(Object.keys(benchPolicy(requestId, {}).instance), ['onRequest']);
  });

  for (const [options, expected] of [
    [{ header: 'Connection' }, 'header: a policy cannot write "Connection"'],
    [{ header: 'content-length' }, 'header: a policy cannot write'],
    [{ header: 'a b' }, 'header: "a b" is not a header name'],
    [{ header: '' }, 'header: '],
    [{ accept: 'always' }, 'accept: '],
    [{ generator: 'cuid' }, 'generator: '],
  ] as const) {
    it(`refuses the options ${JSON.stringify(options)}`, () => {
      const [first = 'nothing'] = optionMistakes(requestId, options);
      assert.ok(first.startsWith(expected), first);
    });
  }
});
