import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { z } from 'zod';
import { splitRemedy } from '../../core/remedy.ts';
import { redis } from './redis.ts';

type Input = z.input<typeof redis>;

function read(value: Input) {
  return redis.parse(value);
}

/** The mistakes, each with its place. */
function mistakes(value: unknown): string[] {
  const issues = redis.safeParse(value).error?.issues ?? [];
  return issues.flatMap((issue) => (issue.code === 'invalid_union' ? issue.errors.flat() : [issue])).map(({ path, message }) => `${path.join('.')}: ${splitRemedy(message).found}`);
}

describe('redis', () => {
  it('is a URL', () => {
    assert.deepEqual(read('redis://localhost:6379'), {
      kind: 'single',
      nodes: [{ host: 'localhost', port: 6379 }],
      sentinel: undefined,
      username: undefined,
      password: undefined,
      tls: undefined,
      database: 0,
      keyPrefix: 'waygate:',
      timeout: 50,
      connectTimeout: 1000,
    });
  });

  it('may have user, password and database in the URL, and TLS by its scheme', () => {
    const settings = read('rediss://shop:p%40ss@[::1]/3');
    assert.deepEqual(settings?.nodes, [{ host: '::1', port: 6379 }]);
    assert.deepEqual([settings?.username, settings?.password, settings?.database], ['shop', 'p@ss', 3]);
    assert.deepEqual(settings?.tls, { ca: undefined, serverName: undefined, verify: true });
    assert.equal(read('redis://:only@h')?.password, 'only');
    assert.equal(read('redis://h:80')?.nodes[0]?.port, 80);
    assert.equal(read('redis://h:80/1')?.nodes[0]?.port, 80);
  });

  it('names sentinels or nodes of a cluster instead', () => {
    const sentinel = read({ sentinel: { name: 'shop', nodes: ['10.0.0.1', '[::1]:5', 's3.internal:6'] }, password: 'x' });
    assert.equal(sentinel?.kind, 'sentinel');
    assert.deepEqual(sentinel?.nodes, [
      { host: '10.0.0.1', port: 26_379 },
      { host: '::1', port: 5 },
      { host: 's3.internal', port: 6 },
    ]);
    assert.deepEqual(sentinel?.sentinel, { name: 'shop', username: undefined, password: undefined });
    const cluster = read({ cluster: { nodes: ['10.0.0.1'] }, tls: {} });
    assert.equal(cluster?.kind, 'cluster');
    assert.deepEqual(cluster?.nodes, [{ host: '10.0.0.1', port: 6379 }]);
    assert.equal(cluster?.tls?.verify, true);
  });

  it('refuses URLs that cannot be meant, and repeats none of them', () => {
    const bad = [
      ['localhost:6379', 'this has no redis:// or rediss:// in front'],
      ['http://hunter2@h', '"http:" is not a scheme for Redis'],
      ['unix:///run/redis.sock', 'this is a Unix socket, which `redis` cannot be'],
      ['redis://:hun/ter2@h', 'this is not a valid URL'],
      ['redis://h/abc', 'what follows the address is not the number of a database'],
      ['redis://h:0', 'a server cannot have port 0'],
      ['redis://hunter2@h', 'the URL has a user without a password'],
      ['redis://:hunter2%@h', 'the user or the password has a % that encodes nothing'],
      ['redis://h?hunter2=1', 'the URL has a query or a fragment'],
    ];
    for (const [value, found] of bad) {
      const all = mistakes(value);
      assert.ok(all.includes(`: ${found}`), `${value}: ${all.join(', ')}`);
      assert.ok(!all.join().includes('hunter2'));
    }
  });

  it('refuses what does not go together', () => {
    assert.deepEqual(mistakes({}).slice(-1), [': nothing says where Redis is']);
    const cases: readonly (readonly [unknown, string])[] = [
      [{ url: 'redis://h', cluster: { nodes: ['a'] } }, 'cluster: `cluster` stands beside `url`'],
      [{ url: 'redis://:p@h', password: 'q' }, 'password: the URL has a password as well'],
      [{ url: 'redis://h/1', database: 1 }, 'database: the URL has a database as well'],
      [{ url: 'redis://h', username: 'u' }, 'username: there is a username without a password'],
      [{ url: 'redis://h', tls: {} }, 'tls: the URL asks for a connection without TLS'],
      [{ cluster: { nodes: ['a'] }, database: 1 }, 'database: a cluster has no database but 0'],
      [{ cluster: { nodes: [] } }, 'cluster.nodes: the list is empty'],
      [{ cluster: { nodes: ['a:70000'] } }, 'cluster.nodes.0: "a:70000" is not the address of a node'],
      [{ url: 'redis://h', keyPrefix: '{a}' }, 'keyPrefix: "{a}" is not a prefix for keys'],
      [{ url: 'redis://h', timeout: '1m' }, 'timeout: "1m" is out of range'],
    ];
    for (const [value, mistake] of cases) assert.ok(mistakes(value).includes(mistake), `${JSON.stringify(value)}: ${mistakes(value).join(' | ')}`);
  });
});
