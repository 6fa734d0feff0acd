import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readConfig } from '../../src/config/load-config.ts';
import { builtInPolicies } from '../../src/gateway/built-in-policies.ts';

/** What is wrong with a configuration, in words, each mistake with its remedy. */
async function mistakesIn(config: unknown): Promise<string[]> {
  const result = await readConfig(config, { policies: builtInPolicies, env: {} });
  if (result.ok) return [];
  for (const { found, remedy } of result.mistakes) assert.ok(found !== '' && remedy !== '');
  return result.mistakes.map(({ path, found }) => `${path.join('.')}: ${found}`);
}

const upstreams = { service: 'http://127.0.0.1:3001' };
const route = { path: '/', upstream: 'service' };

test('F51: a regular expression that can backtrack badly is refused at load', async () => {
  for (const regex of ['(a+)+$', '/(a|a)*b', '/(.*a){20}']) {
    const [mistake, ...others] = await mistakesIn({ upstreams, routes: [{ ...route, path: { regex } }] });
    assert.match(mistake ?? '', /can take very long/, regex);
    assert.deepEqual(others, []);
  }
  assert.deepEqual(
    await mistakesIn({ upstreams, routes: [{ ...route, path: { regex: '/v[0-9]+/users/[^/]+' } }] }),
    [],
  );
});

test('F162: unknown keys, wrong types, misspelt security options and numbers out of range are mistakes', async () => {
  const cases: Readonly<Record<string, unknown>> = {
    'trustedproxies: unknown key': { trustedproxies: ['10.0.0.0/8'] },
    'limits.bodyMax: unknown key': { limits: { bodyMax: '1mb' } },
    'limits.headerCount': { limits: { headerCount: 0 } },
    'limits.body': { limits: { body: '10' } },
    'timeouts.exchange': { timeouts: { exchange: 60 } },
    'drain.timeout': { drain: { timeout: '30 parsecs' } },
    trustedProxies: { trustedProxies: 'everybody' },
    listen: { listen: 65_536 },
    admin: { admin: { host: '0.0.0.0' } },
  };
  for (const [start, part] of Object.entries(cases)) {
    const mistakes = await mistakesIn({ upstreams, routes: [route], ...(part as object) });
    assert.equal(mistakes.length, 1, `${start}: ${mistakes.join(' | ')}`);
    assert.ok(mistakes[0]?.toLowerCase().startsWith(start.split(':')[0]?.toLowerCase() ?? ''), mistakes[0]);
  }
});

test('F169: targets that are link-local, metadata, the admin listener, ourselves or no URL of HTTP are refused', async () => {
  const refused = [
    'http://169.254.169.254',
    'http://[fe80::1]',
    'http://[::ffff:169.254.169.254]',
    'http://0.0.0.0:3001',
    'file:///etc/passwd',
    'unix:/run/x.sock',
    'http://user:secret@127.0.0.1:3001',
    'http://127.0.0.1:9901',
    'http://localhost:3000',
  ];
  for (const url of refused) {
    const mistakes = await mistakesIn({
      listen: 3000,
      admin: { port: 9901 },
      upstreams: { service: url },
      routes: [route],
    });
    assert.equal(mistakes.length, 1, `${url}: ${mistakes.join(' | ')}`);
    assert.ok(!mistakes.some((mistake) => mistake.includes('secret')), url);
  }
  const allowed = { service: { targets: ['http://169.254.169.254'], allowPrivate: true } };
  assert.deepEqual(await mistakesIn({ upstreams: allowed, routes: [route] }), []);
});
