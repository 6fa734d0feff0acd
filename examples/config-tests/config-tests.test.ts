import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { waygate, workFolder } from '../../test/kit/waygate-command.ts';

const read = (name: string): string => readFileSync(join(import.meta.dirname, name), 'utf8');
const configuration = read('waygate.yaml');
const expectations = read('waygate.test.yaml');

test('the configuration does what is expected of it, and all of it is covered', async () => {
  const { code, out, err } = await waygate(import.meta.dirname, ['test', '--min-coverage', '100']);
  assert.deepEqual([code, err], [0, ''], out);
  assert.match(out, /^\d\d tests, all passed$/m);
});

describe('the expectations notice when', () => {
  const changes: readonly { what: string; from: string | RegExp; to: string; says: RegExp }[] = [
    {
      what: 'a route is gone',
      from: / {2}- name: partner-feed[^]*?(?=\n {2}- name: catalog)/,
      to: '',
      says: /has no route "partner-feed"/,
    },
    {
      what: 'a policy is dropped',
      from: /      - authorize:\n[^]*?(?= {6}- rate-limit: \{ limit: 100)/,
      to: '',
      says: /has no policy "authorize"/,
    },
    {
      what: 'a policy is dropped that stands elsewhere as well',
      from: '      - rate-limit: { limit: 100, window: 1m, by: consumer }\n',
      to: '',
      says: /expected  request-id, jwt, authorize, rate-limit\n +found     request-id, jwt, authorize\n/,
    },
    {
      what: 'two policies are swapped',
      from: /(      - authorize:\n[^]*?)( {6}- rate-limit: \{ limit: 100.*\n)/,
      to: '$2$1',
      says: /found     request-id, jwt, rate-limit, authorize\n/,
    },
    {
      what: 'a route goes to the wrong upstream',
      from: 'stripPrefix: true\n    upstream: users',
      to: 'stripPrefix: true\n    upstream: orders',
      says: /upstream\.upstream .*\n +expected  users\n +found     orders\n/,
    },
    {
      what: 'a rewrite is another',
      from: '/v2/customers/${params.customer}/orders',
      to: '/v2/customers/${params.customer}',
      says: /found     GET \/v2\/customers\/alice\?open=1\n/,
    },
    {
      what: 'a limit is another',
      from: 'limit: 5, window: 15m',
      to: 'limit: 6, window: 15m',
      says: /✗ five wrong passwords are enough\n +step 2: POST \/login/,
    },
    {
      what: 'a rule lets others in',
      from: 'claims.sub == params.customer or',
      to: 'claims.sub != "nobody" or',
      says: /✗ nobody sees the orders of others, except support/,
    },
  ];
  for (const { what, from, to, says } of changes) {
    test(what, async (t) => {
      const changed = configuration.replace(from, to);
      assert.notEqual(changed, configuration);
      const folder = workFolder(t, { 'waygate.yaml': changed, 'waygate.test.yaml': expectations });
      const { code, out } = await waygate(folder, ['test']);
      assert.equal(code, 1, out);
      assert.match(out, says);
    });
  }
});
