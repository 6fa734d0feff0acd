import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test, type TestContext } from 'node:test';
import { issueToken, jwksOf, newKey } from '../../test/kit/token-issuer.ts';
import { waygate, workFolder } from '../../test/kit/waygate-command.ts';

const key = newKey('k1');
const claims = {
  iss: 'https://issuer.example',
  aud: 'orders',
  sub: 'alice',
  exp: 4102444800,
  groups: ['staff'],
  scope: 'orders:read',
  email: 'canary@example.com',
};
const token = issueToken(key, claims);
const apiKey = 'wg_canary-of-a-key-0123456789';

const config = (keys: string): string => `listen: 3000
upstreams: { orders: http://127.0.0.1:3001 }
routes:
  - path: /users/:userId
    upstream: orders
    policies:
      - jwt: { issuer: https://issuer.example, audience: orders, jwks: '${keys}' }
      - headers: { request: { set: { x-copy: '\${request.header.authorization}' } } }
      - authorize:
          rules:
            - { name: own, methods: [GET], allow: claims.sub == params.userId and claims.email != "x" }
            - { name: writers, methods: [PUT], scopes: [orders:write] }
  - path: /keys
    upstream: orders
    policies:
      - api-key: { header: X-Partner, forward: true, consumers: [{ name: acme, groups: [gold], keys: ['sha256:${hash('sha256', apiKey)}'] }] }
`;

function folderWith(t: TestContext, keys = jwksOf(key)): string {
  return workFolder(t, { 'waygate.yaml': config(keys) });
}

/** What the command prints that reads this on standard input. */
async function piped(folder: string, args: readonly string[], input: string): Promise<string> {
  const main = join(import.meta.dirname, 'main.ts');
  const { NODE_TEST_CONTEXT: _, FORCE_COLOR: __, ...env } = process.env;
  const child = spawn(process.execPath, [main, ...args], { cwd: folder, env });
  child.stdin.end(input);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return out + err;
}

describe('waygate explain with a credential', () => {
  test('says who is asking, and what was decided, without the token (F195)', async (t) => {
    const folder = folderWith(t);
    const { code, out } = await waygate(folder, ['explain', 'GET', '/users/alice', '--token', token]);
    assert.equal(code, 0);
    assert.match(out, /1\. {2}jwt +passes +of the route\n +the token is valid\n/);
    assert.match(out, /own: holds\n +- claims\.sub == params\.userId: yes, claims\.sub is "alice"/);
    assert.match(
      out,
      /Who is asking, as the policy jwt has established\n +id +alice\n +groups +staff\n +scopes +orders:read\n +claims +iss, aud/,
    );
    assert.match(out, /\n {2}Authorization: Bearer \*\*\*\n/);
    for (const secret of [token, ...token.split('.'), 'canary']) assert.ok(!out.includes(secret), secret);
  });

  test('names the rule that refuses, in JSON too, where there is no token either (F195)', async (t) => {
    const folder = folderWith(t);
    const { out } = await waygate(folder, ['explain', 'PUT', '/users/bob', '--token', token, '--json']);
    const result = JSON.parse(out) as {
      consumer: unknown;
      end: { policy: string; status: number; headers: [string, string][]; body: string };
    };
    assert.deepEqual(result.consumer, {
      policy: 'jwt',
      id: 'alice',
      groups: ['staff'],
      scopes: ['orders:read'],
      claims: ['iss', 'aud', 'sub', 'exp', 'groups', 'scope', 'email'],
    });
    assert.deepEqual([result.end.policy, result.end.status], ['authorize', 403]);
    assert.equal((JSON.parse(result.end.body) as { rule: string }).rule, 'writers');
    assert.match(String(new Map(result.end.headers).get('www-authenticate')), /scope="orders:write"/);
    assert.ok(!out.includes(token.split('.')[2] ?? '-') && !out.includes('canary'));
  });

  test('says why a token is refused', async (t) => {
    const bad = issueToken(key, { ...claims, exp: 1 });
    const { out } = await waygate(folderWith(t), ['explain', 'GET', '/users/alice', '--token', bad]);
    assert.match(out, /the token is refused: expired/);
    assert.match(out, /not reached/);
  });

  test('takes it from standard input, so that it is in no history', async (t) => {
    const out = await piped(
      folderWith(t),
      ['explain', 'GET', '/users/alice', '--token', '-'],
      `Bearer ${token}\n`,
    );
    assert.match(out, /the token is valid/);
    const empty = await piped(folderWith(t), ['explain', 'GET', '/users/alice', '--token', '-'], ' \n');
    assert.match(empty, /nothing on standard input for --token/);
  });

  test('sends an API key in the header that the policy reads, and shows neither (F195)', async (t) => {
    const folder = folderWith(t);
    const { out } = await waygate(folder, ['explain', 'GET', '/keys', '--api-key', apiKey]);
    assert.match(out, /it is a key of acme/);
    assert.match(out, /Who is asking, as the policy api-key has established\n +id +acme\n +groups +gold/);
    assert.match(out, /\n {2}x-partner: \*\*\*\n/);
    assert.ok(!out.includes('canary'));
  });

  test('fetches the keys that the token needs, and says so plainly when it cannot', async (t) => {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(String(request.url));
      response.end(jwksOf(key));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const folder = folderWith(t, `http://127.0.0.1:${port}/keys`);
    const args = ['explain', 'GET', '/users/alice'];
    assert.match((await waygate(folder, [...args, '--token', token])).out, /the token is valid/);
    assert.deepEqual(asked, ['/keys']);
    await waygate(folder, ['check']);
    await waygate(folder, ['explain', 'GET', '/keys']);
    await waygate(folder, args);
    assert.deepEqual(asked, ['/keys'], 'only for a token that has to be verified');
    server.close();
    server.closeAllConnections();
    await once(server, 'close');
    const { out } = await waygate(folder, [...args, '--token', token]);
    assert.match(out, /the token cannot be verified: no keys of https:\/\/issuer\.example/);
    assert.match(out, /keys could not be fetched.*ECONNREFUSED/);
    assert.match(out, /503/);
  });

  test('refuses what cannot be meant', async (t) => {
    const folder = folderWith(t);
    for (const [args, words] of [
      [['--token', ''], /--token is empty/],
      [['--token', 'a\nb'], /no single line/],
      [['--token', '-', '--api-key', '-'], /one credential, not two/],
      [['--token', 'abc', '-H', 'authorization: Basic x'], /two authorization headers/],
    ] as const) {
      const { code, err } = await waygate(folder, ['explain', 'GET', '/keys', ...args]);
      assert.equal(code, 2);
      assert.match(err, words);
    }
    const plain = workFolder(t, {
      'waygate.yaml': 'routes: [{ path: /, policies: [{ respond: { status: 204 } }] }]\n',
    });
    const { code, err } = await waygate(plain, ['explain', 'GET', '/', '--api-key', 'abc']);
    assert.equal(code, 2);
    assert.match(err, /No policy of this configuration takes API keys[^]*--header/);
  });
});
