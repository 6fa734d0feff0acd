import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { maskSecrets, maskText } from './mask-secrets.ts';

const jwt = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.c2ln';

describe('F195 no secret of a structure is shown', () => {
  test('what stands under a key that promises one, as deep as it goes', () => {
    const shown = maskSecrets({
      admin: { port: 9901, token: 'canary' },
      policies: [
        { jwt: { secret: { value: 'canary', list: ['canary', 7] } } },
        { 'basic-auth': { users: { me: 'canary' } } },
      ],
      headers: {
        set: { Authorization: 'canary', 'X-Api-Key': 'canary', Cookie: 'canary', 'X-Other': 'shown' },
      },
      tls: { privateKey: 'canary', clientSecret: 'canary', passphrase: 'canary' },
    });
    const text = JSON.stringify(shown);
    assert.doesNotMatch(text, /canary|7/);
    assert.match(text, /9901/);
    assert.match(text, /shown/);
  });

  test('what looks like one anywhere', () => {
    for (const text of [
      'redis://user:canary@localhost:6379/1',
      'redis://:canary@localhost',
      'redis://user:can@canary@localhost',
      'connect to https://canary@host/path failed',
      'Authorization: Bearer canary',
      'basic Y2FuYXJ5canary',
      `token ${jwt} was refused`,
      '-----BEGIN PRIVATE KEY-----\ncanary\n-----END PRIVATE KEY-----',
      '-----BEGIN RSA PRIVATE KEY-----\ncanary',
    ]) {
      assert.doesNotMatch(maskText(text), /canary|sdWIi/, text);
      assert.doesNotMatch(
        JSON.stringify(maskSecrets({ list: [new Map([['x', text]])] })),
        /canary|sdWIi/,
        text,
      );
    }
  });

  test('in errors, their causes and what they are made of', () => {
    const error = new AggregateError([new Error('http://u:canary@a')], 'http://u:canary@b', {
      cause: new TypeError('http://u:canary@c'),
    });
    const text = JSON.stringify(maskSecrets({ err: error }));
    assert.doesNotMatch(text, /canary/);
    for (const host of ['@a', '@b', '@c', 'TypeError', 'stack']) assert.ok(text.includes(host), host);
  });
});

test('what is no secret stays as it is', () => {
  const value = {
    keepAlive: 75000,
    code: 'ECONNREFUSED',
    url: 'http://localhost:3001/a@b',
    email: 'me@example.com',
    author: 'x',
    passed: true,
    path: '/users/:id',
    none: null,
    big: 12345678901234567890n,
    when: new Date(0),
    pattern: /a+/,
    bytes: new Uint8Array(3),
    set: new Set([1, 2]),
    url2: new URL('http://h/x'),
  };
  assert.deepEqual(JSON.parse(JSON.stringify(maskSecrets(value))), {
    ...value,
    big: '12345678901234567890',
    when: '1970-01-01T00:00:00.000Z',
    pattern: '/a+/',
    bytes: '3 octets',
    set: [1, 2],
    url2: 'http://h/x',
  });
});

test('F62 __proto__ and its like are plain keys', () => {
  const copy = maskSecrets(
    JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'),
  );
  assert.equal(
    JSON.stringify(copy),
    '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
  );
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('what contains itself, or is very deep, is cut short', () => {
  const loop: Record<string, unknown> = { name: 'a' };
  loop['self'] = loop;
  loop['list'] = [loop, loop];
  assert.equal(JSON.stringify(maskSecrets(loop)), '{"name":"a","self":"…","list":["…","…"]}');
  let deep: unknown = 1;
  for (let i = 0; i < 10_000; i++) deep = { deep };
  assert.match(JSON.stringify(maskSecrets(deep)), /…/);
});

test('masking twice is masking once', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const once = maskSecrets(value);
      assert.deepEqual(maskSecrets(once), once);
    }),
  );
});
