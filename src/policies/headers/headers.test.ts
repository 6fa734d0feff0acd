import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { z } from 'zod';
import {
  fakeExchange,
  fakeResponse,
  type FakeExchangeInit,
  type FakeHeaders,
} from '../../../test/kit/fake-exchange.ts';
import { answer, ask, benchPolicy, optionMistakes } from '../../../test/kit/policy-bench.ts';
import { headers } from './headers.ts';

type Options = z.input<typeof headers.options>;

const setup = { paramNames: ['id'] };

/** The request lines that the service sees. */
function requestLines(
  request: Options['request'],
  received: FakeHeaders,
  init: FakeExchangeInit = {},
): string[] {
  const exchange = fakeExchange({ ...init, headers: received });
  assert.equal(ask(benchPolicy(headers, { request }, setup), exchange), undefined);
  return exchange.request.headers.serialize().split('\r\n').slice(0, -1);
}

function responseLines(
  response: Options['response'],
  received: FakeHeaders,
  init: FakeExchangeInit = {},
): string[] {
  const head = answer(benchPolicy(headers, { response }, setup), fakeExchange(init), fakeResponse(received));
  return head.headers.serialize().split('\r\n').slice(0, -1);
}

describe('headers', () => {
  it('sets a header that was not there', () => {
    assert.deepEqual(requestLines({ set: { 'X-A': '1' } }, { accept: '*/*' }), ['accept: */*', 'X-A: 1']);
  });

  it('sets a header once, however often it came', () => {
    const received = [
      ['X-a', 'x'],
      ['accept', '*/*'],
      ['x-A', 'y'],
    ] as const;
    assert.deepEqual(requestLines({ set: { 'x-a': '1' } }, received), ['accept: */*', 'x-a: 1']);
  });

  it('adds beside what is there, a list as several lines', () => {
    assert.deepEqual(responseLines({ add: { Link: ['</a>', '</b>'], 'x-b': '2' } }, { link: '</x>' }), [
      'link: </x>',
      'Link: </a>',
      'Link: </b>',
      'x-b: 2',
    ]);
  });

  it('removes by name and by prefix, in any case', () => {
    const received = { 'X-Powered-By': 'y', 'x-internal-a': '1', 'X-Internal-B': '2', 'X-Intern': '3' };
    assert.deepEqual(responseLines({ remove: ['x-powered-by', 'X-Internal-*'] }, received), ['X-Intern: 3']);
  });

  it('takes a star in a name that it sets for a star', () => {
    assert.deepEqual(requestLines({ set: { 'x-*': '1' } }, { 'x-a': '2' }), ['x-a: 2', 'x-*: 1']);
  });

  it('removes first, then sets, then adds', () => {
    const edits = { add: { 'x-a': 'added' }, set: { 'X-A': 'set' }, remove: ['x-a'] };
    assert.deepEqual(requestLines(edits, { 'x-a': 'received' }), ['X-A: set', 'x-a: added']);
  });

  it('replaces variables', () => {
    const init: FakeExchangeInit = { id: 'req-1', client: { ip: '203.0.113.9' }, params: { id: '7' } };
    assert.deepEqual(
      requestLines({ set: { 'x-who': '${client.ip} ${request.id} ${params.id}' } }, {}, init),
      ['x-who: 203.0.113.9 req-1 7'],
    );
    assert.deepEqual(responseLines({ add: { 'x-who': ['${params.id}', '$${params.id}'] } }, {}, init), [
      'x-who: 7',
      'x-who: ${params.id}',
    ]);
  });

  it('leaves requests alone when only answers change, and the reverse', () => {
    assert.deepEqual(Object.keys(benchPolicy(headers, { response: { remove: ['a'] } }).instance), [
      'onResponse',
    ]);
    assert.deepEqual(Object.keys(benchPolicy(headers, { request: { remove: ['a'] } }).instance), [
      'onRequest',
    ]);
  });

  it('changes error answers and replies as well', () => {
    const policy = benchPolicy(headers, { response: { set: { 'x-a': '1' } } });
    for (const from of ['error', 'reply'] as const) {
      assert.equal(answer(policy, fakeExchange(), fakeResponse({}, { from })).headers.get('x-a'), '1');
    }
  });

  it('takes out what the client sent when a variable is empty, and sets nothing (F58)', () => {
    const rules = { set: { 'X-User': '${consumer.id}' } };
    assert.deepEqual(requestLines(rules, { 'x-user': 'admin' }), []);
    assert.deepEqual(requestLines(rules, { 'x-user': 'admin' }, { consumer: { id: 'ada' } }), [
      'X-User: ada',
    ]);
  });

  it('takes out look-alikes of a header that it sets or removes in a request (F58)', () => {
    const received = [
      ['X-User', 'admin'],
      ['x_user', 'admin'],
      ['X.User', 'admin'],
      ['x_USER', 'admin'],
      ['X-User-Agent', 'kept'],
    ] as const;
    assert.deepEqual(requestLines({ set: { 'X-User': 'ada' } }, received), [
      'X-User-Agent: kept',
      'X-User: ada',
    ]);
    assert.deepEqual(requestLines({ remove: ['x-user'] }, received), ['X-User-Agent: kept']);
    assert.deepEqual(requestLines({ remove: ['x-us*'] }, received), []);
  });

  it('takes out only the written name when that has a dot or an underscore itself', () => {
    const received = { 'x-a': '1', x_a: '2', 'x.a': '3' };
    assert.deepEqual(requestLines({ remove: ['x.a'] }, received), ['x-a: 1', 'x_a: 2']);
  });

  it('takes out headers for internal use whatever their case (F59)', () => {
    const received = { 'X-GW-Route': 'a', 'x-gw-consumer': 'b', X_Gw_Admin: 'c', 'x-gway': 'd' };
    assert.deepEqual(requestLines({ remove: ['x-gw-*'] }, received), ['x-gway: d']);
  });

  it('leaves look-alikes in answers alone', () => {
    assert.deepEqual(responseLines({ remove: ['x-a'] }, { x_a: '1', 'x-a': '2' }), ['x_a: 1']);
  });

  it('never removes by a prefix what frames a message', () => {
    const received = {
      connection: 'close',
      'content-length': '3',
      cookie: 'a',
      'content-type': 'text/plain',
      host: 'h',
    };
    assert.deepEqual(requestLines({ remove: ['co*', 'hos*'] }, received), [
      'connection: close',
      'content-length: 3',
      'host: h',
    ]);
  });

  it('reads and writes headers named like members of Object.prototype as data (F62)', () => {
    const names = ['constructor', 'toString', 'hasOwnProperty', 'valueOf'];
    const set = Object.fromEntries(names.map((name) => [name, '1']));
    const received = Object.fromEntries([...names, '__proto__'].map((name): [string, string] => [name, 'x']));
    assert.deepEqual(requestLines({ set }, received), ['__proto__: x', ...names.map((name) => `${name}: 1`)]);
    assert.deepEqual(
      requestLines({ remove: ['__proto__', 'constructor'] }, { __proto__2: 'a', constructor: 'b' }),
      ['__proto__2: a'],
    );
    assert.equal(({} as Record<string, unknown>)['x'], undefined);
  });

  for (const value of ['a\r\nx-admin: 1', 'a\nb', 'a\0b']) {
    it(`refuses ${JSON.stringify(value)} of a path with 400 and changes nothing (F63)`, () => {
      const exchange = fakeExchange({ params: { id: value }, headers: { 'x-a': 'received' } });
      const policy = benchPolicy(headers, { request: { set: { 'x-a': '${params.id}' } } }, setup);
      assert.throws(() => ask(policy, exchange), { code: 'bad_path' });
      assert.equal(exchange.request.headers.serialize(), 'x-a: received\r\n');
    });
  }

  it('refuses an answer with such a value, and leaves the line out of the error that follows (F63)', () => {
    const policy = benchPolicy(headers, { response: { set: { 'x-a': '${params.id}', 'x-b': '1' } } }, setup);
    const exchange = fakeExchange({ params: { id: 'a\r\nb' } });
    assert.throws(() => answer(policy, exchange), { code: 'bad_path' });
    const head = answer(policy, exchange, fakeResponse({}, { from: 'error', status: 400 }));
    assert.equal(head.headers.serialize(), 'x-b: 1\r\n');
  });

  it('renders anew for each exchange', () => {
    const policy = benchPolicy(headers, { request: { set: { 'x-a': '${params.id}' } } }, setup);
    for (const id of ['1', '2']) {
      const exchange = fakeExchange({ params: { id } });
      ask(policy, exchange);
      assert.equal(exchange.request.headers.get('x-a'), id);
    }
  });
});

describe('the options of headers', () => {
  for (const [options, expected] of [
    [{}, ': headers changes nothing'],
    [{ request: {} }, ': headers changes nothing'],
    [
      { request: { set: { Host: 'a' } } },
      'request.set.Host: a policy cannot write "Host" | set preserveHost: true',
    ],
    [{ request: { set: { 'content-length': '0' } } }, 'request.set.content-length: '],
    [{ response: { add: { 'Transfer-Encoding': 'chunked' } } }, 'response.add.Transfer-Encoding: '],
    [
      { response: { remove: ['Connection'] } },
      'response.remove.0: a policy cannot write "Connection" | leave it out',
    ],
    [{ request: { remove: ['a', 'TE'] } }, 'request.remove.1: '],
    [{ request: { set: { 'X-Forwarded-For': '1' } } }, 'request.set.X-Forwarded-For: the gateway writes'],
    [{ request: { remove: ['via'] } }, 'request.remove.0: the gateway writes'],
    [{ request: { set: { 'a b': '1' } } }, 'request.set.a b: "a b" is not a header name'],
    [{ request: { set: { 'a\r\nb': '1' } } }, 'is not a header name'],
    [{ request: { set: { 'x-a': 'a\nb' } } }, 'request.set.x-a: a header value cannot contain line breaks'],
    [
      { request: { set: { 'x-a': '${client.pi}' } } },
      'request.set.x-a: there is no variable "client.pi" | did you mean ${client.ip}?',
    ],
    [
      { request: { add: { 'x-a': ['1', '${params.uid}'] } } },
      'request.add.x-a.1: the path captures no parameter "uid"',
    ],
    [{ request: { set: { 'x-a': '1', 'X-A': '2' } } }, 'request.set.X-A: "X-A" is set twice'],
    [{ request: { remove: ['*'] } }, 'request.remove.0: "*" would remove nearly every header'],
    [{ request: { remove: ['x*'] } }, 'request.remove.0: "x*" would remove nearly every header'],
    [{ request: { remove: ['*-a'] } }, 'request.remove.0: '],
    [{ request: { remove: ['a b'] } }, 'request.remove.0: '],
    [{ request: { set: { 'x-a': 1 } } }, 'request.set.x-a: '],
    [{ request: { add: { 'x-a': [] } } }, 'request.add.x-a: '],
    [{ request: { replace: {} } }, 'request.replace: unknown key'],
  ] as const) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      const [first = 'nothing', ...others] = optionMistakes(headers, options, setup);
      assert.ok(first.includes(expected), first);
      assert.deepEqual(others, []);
    });
  }

  it("allows to set Via and Forwarded in answers, which are nobody else's", () => {
    assert.deepEqual(optionMistakes(headers, { response: { set: { 'x-forwarded-for': '1' } } }), []);
  });
});
