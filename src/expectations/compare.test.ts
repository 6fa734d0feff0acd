import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compare } from './compare.ts';
import type { Difference } from './difference.ts';
import type { Observation } from './observation.ts';
import { expect } from './schema/expect.ts';

const seen: Observation = {
  route: 'orders',
  policies: ['request-id', 'jwt'],
  answeredBy: 'target',
  consumer: 'alice',
  error: undefined,
  detail: undefined,
  sent: [
    {
      upstream: 'orders',
      target: 'localhost:3002',
      line: 'GET /v2/orders/7?full=1',
      headers: [
        ['Host', 'localhost:3002'],
        ['X-Consumer', 'alice'],
        ['x-tag', 'a'],
        ['X-Tag', 'b'],
      ],
      body: '{"item":7,"tags":["new","red"]}',
    },
  ],
  status: 200,
  headers: [
    ['content-type', 'application/json'],
    ['x-name', Buffer.from('Zoë', 'utf8').toString('latin1')],
  ],
  body: '{"id":7,"customer":{"name":"alice","vip":false},"items":[{"sku":"a-1","n":2}],"gone":null}',
  unanswered: [],
  failures: [],
};

function differences(written: unknown, changed: Partial<Observation> = {}): Difference[] {
  return compare(expect.parse(written), { ...seen, ...changed });
}

/** The paths that differ, each with what was found. */
function found(written: unknown, changed: Partial<Observation> = {}): Record<string, string | undefined> {
  return Object.fromEntries(differences(written, changed).map((each) => [each.path.join('.'), each.found]));
}

test('what is as expected makes no difference', () => {
  assert.deepEqual(
    differences({
      route: 'orders',
      policies: ['request-id', 'jwt'],
      answeredBy: 'target',
      consumer: 'alice',
      error: null,
      upstream: {
        upstream: 'orders',
        target: 'localhost:3002',
        attempts: 1,
        request: 'GET /v2/orders/7?full=1',
        headers: { 'x-consumer': '/^ali/', 'X-TAG': 'a, b', host: 'localhost:3002', authorization: null },
        body: { item: 7 },
      },
      status: 200,
      headers: { 'x-name': 'Zoë', 'set-cookie': null },
      body: { customer: { name: '/^a/', vip: false }, items: [{ sku: 'a-1' }], gone: null, never: null },
    }),
    [],
  );
});

test('everything that is otherwise is told, in the order in which a request goes through', () => {
  assert.deepEqual(
    found({
      route: 'users',
      policies: ['jwt', 'request-id'],
      answeredBy: 'jwt',
      consumer: null,
      error: 'token_missing',
      upstream: { upstream: 'users', attempts: 2, request: 'GET /' },
      status: 401,
      headers: { 'content-type': 'text/plain' },
      body: 'no',
    }),
    {
      route: 'orders',
      policies: 'request-id, jwt',
      answeredBy: 'target',
      consumer: 'alice',
      'upstream.upstream': 'orders',
      'upstream.attempts': '1',
      'upstream.request': 'GET /v2/orders/7?full=1',
      status: '200',
      error: undefined,
      'headers.content-type': 'application/json',
      body: seen.body,
    },
  );
});

test('policies are all of them, in this order', () => {
  for (const policies of [[], ['request-id'], ['jwt', 'request-id'], ['request-id', 'jwt', 'cache']])
    assert.deepEqual(found({ policies }), { policies: 'request-id, jwt' });
});

test('no route and no request are null', () => {
  const none = { route: null, sent: [] };
  assert.deepEqual(differences({ route: null, upstream: null }, none), []);
  assert.deepEqual(found({ route: null, upstream: null }), {
    route: 'orders',
    upstream: 'GET /v2/orders/7?full=1 to orders',
  });
  assert.deepEqual(found({ route: 'orders', upstream: 'orders' }, none), {
    route: 'no route',
    upstream: 'no request',
  });
});

test('the name of the upstream alone is enough', () => {
  assert.deepEqual(differences({ upstream: 'orders' }), []);
  assert.deepEqual(found({ upstream: 'users' }), { 'upstream.upstream': 'orders' });
});

test('a list of values is one for each line of a header', () => {
  assert.deepEqual(differences({ upstream: { headers: { 'x-tag': ['a', '/b/'] } } }), []);
  assert.deepEqual(found({ upstream: { headers: { 'x-tag': ['a', 'c'] } } }), {
    'upstream.headers.x-tag.1': 'b',
  });
  assert.deepEqual(found({ upstream: { headers: { 'x-tag': ['a'] } } }), {
    'upstream.headers.x-tag': '2 lines: a | b',
  });
  assert.deepEqual(found({ upstream: { headers: { 'x-none': ['a'] } } }), {
    'upstream.headers.x-none': undefined,
  });
});

test('JSON must have at least what is expected; lists are compared whole', () => {
  assert.deepEqual(found({ body: { items: [], customer: { vip: true, age: 3 }, id: '7', gone: 1 } }), {
    'body.items': '1 item: [{"sku":"a-1","n":2}]',
    'body.customer.vip': 'false',
    'body.customer.age': undefined,
    'body.id': '7',
    'body.gone': 'null',
  });
  assert.deepEqual(found({ body: [1] }), { body: seen.body });
  assert.deepEqual(found({ body: { a: { b: 1 } } }, { body: '{"a":"b"}' }), { 'body.a': '"b"' });
});

test('a key that every object inherits is not there', () => {
  assert.deepEqual(found({ body: { toString: '/./' } }), { 'body.toString': undefined });
});

test('JSON is expected of what is none', () => {
  assert.deepEqual(differences({ body: { a: '/x/', b: [null] } }, { body: 'oops' }), [
    { path: ['body'], expected: 'JSON: {"a": /x/, "b": [null]}', found: 'oops' },
  ]);
});

test('no body is null, and an empty one is none', () => {
  assert.deepEqual(differences({ body: null }, { body: '' }), []);
  assert.deepEqual(found({ body: null }, { body: 'x' }), { body: 'x' });
  assert.deepEqual(found({ body: '/x/' }, { body: '' }), { body: undefined });
});
