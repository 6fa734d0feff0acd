import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { z } from 'zod';
import { fakeExchange } from '../../../test/kit/fake-exchange.ts';
import { ask, benchPolicy, optionMistakes } from '../../../test/kit/policy-bench.ts';
import { ipFilter } from './ip-filter.ts';

function passes(options: z.input<typeof ipFilter.options>, ip: string): boolean {
  return ask(benchPolicy(ipFilter, options), fakeExchange({ client: { ip } })) === undefined;
}

describe('ip-filter', () => {
  it('lets only those pass that are allowed', () => {
    const options = { allow: ['192.0.2.0/24', '2001:db8::/32', '198.51.100.7'] };
    for (const ip of ['192.0.2.0', '192.0.2.255', '2001:db8::1', '198.51.100.7', '::ffff:192.0.2.1']) {
      assert.equal(passes(options, ip), true, ip);
    }
    for (const ip of ['192.0.3.0', '198.51.100.8', '2001:db9::', '::1', '127.0.0.1'])
      assert.equal(passes(options, ip), false, ip);
  });

  it('refuses those that are denied, and lets all others pass', () => {
    const options = { deny: ['192.0.2.0/24', '::/0'] };
    assert.equal(passes(options, '192.0.2.1'), false);
    assert.equal(passes(options, '2001:db8::1'), false);
    assert.equal(passes(options, '192.0.3.1'), true);
  });

  it('looks at deny first', () => {
    const options = { allow: ['192.0.2.0/24'], deny: ['192.0.2.66'] };
    assert.equal(passes(options, '192.0.2.1'), true);
    assert.equal(passes(options, '192.0.2.66'), false);
    assert.equal(passes(options, '203.0.113.1'), false);
  });

  it('goes by the client that trusted proxies vouch for, not by the connection', () => {
    const policy = benchPolicy(ipFilter, { allow: ['192.0.2.1'] });
    assert.equal(ask(policy, fakeExchange({ client: { ip: '192.0.2.1', peerIp: '10.0.0.1' } })), undefined);
    assert.equal(ask(policy, fakeExchange({ client: { ip: '10.0.0.1', peerIp: '192.0.2.1' } }))?.status, 403);
  });

  it('refuses what is no address, also when only others are denied', () => {
    for (const ip of ['', 'unknown', '192.0.2.1:80', '0300.0.2.1', '3221225985']) {
      assert.equal(passes({ deny: ['203.0.113.1'] }, ip), false, ip);
      assert.equal(passes({ allow: ['0.0.0.0/0', '::/0'] }, ip), false, ip);
    }
  });

  it('is not fooled by another spelling of a denied address', () => {
    for (const ip of [
      '::ffff:192.0.2.66',
      '::ffff:c000:242',
      '::FFFF:192.0.2.66',
      '2001:DB8:0:0::66',
      '2001:db8::66%eth0',
    ]) {
      assert.equal(passes({ deny: ['192.0.2.66', '2001:db8::66'] }, ip), false, ip);
    }
  });

  it('ignores headers that claim an address', () => {
    const headers = { 'X-Forwarded-For': '192.0.2.1', 'X-Real-IP': '192.0.2.1', Forwarded: 'for=192.0.2.1' };
    const exchange = fakeExchange({ headers, client: { ip: '203.0.113.1' } });
    assert.equal(ask(benchPolicy(ipFilter, { allow: ['192.0.2.1'] }), exchange)?.status, 403);
  });

  it('answers 403 as a problem and counts', () => {
    const policy = benchPolicy(ipFilter, { allow: ['192.0.2.1'] });
    const reply = ask(policy, fakeExchange({ id: 'req-1', client: { ip: '203.0.113.1' } }));
    assert.equal(
      reply?.body,
      '{"title":"Forbidden","status":403,"detail":"Requests from this address are not allowed.","code":"ip_not_allowed","requestId":"req-1"}',
    );
    assert.equal(policy.counts.get('refused'), 1);
  });

  for (const [options, expected] of [
    [{}, ': ip-filter lets everybody pass | list addresses'],
    [{ allow: [], deny: [] }, ': ip-filter lets everybody pass'],
    [
      { allow: ['10.1.2.3/8'] },
      'allow.0: "10.1.2.3/8" has bits set behind its prefix | write 10.0.0.0/8 for the whole network',
    ],
    [{ deny: ['192.0.2.1', '300.0.0.1'] }, 'deny.1: "300.0.0.1" is not an IP address'],
    [{ deny: ['2001:db8::/129'] }, 'deny.0: '],
    [{ allow: ['example.com'] }, 'allow.0: '],
    [{ allow: ['10.0.0'] }, 'allow.0: '],
    [{ allow: '10.0.0.1' }, 'allow: '],
    [{ allowed: [] }, 'allowed: unknown key "allowed" | did you mean "allow"?'],
  ] as const) {
    it(`refuses the options ${JSON.stringify(options)}`, () => {
      const [first = 'nothing', ...others] = optionMistakes(ipFilter, options);
      assert.ok(first.startsWith(expected), first);
      assert.deepEqual(others, []);
    });
  }

  it('reports every wrong entry at once', () => {
    assert.equal(optionMistakes(ipFilter, { allow: ['a', '10.0.0.1'], deny: ['b'] }).length, 2);
  });
});
