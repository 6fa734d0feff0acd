import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import type { z } from 'zod';
import { fakeExchange, type FakeExchangeInit } from '../../../test/kit/fake-exchange.ts';
import { ask, benchPolicy, optionMistakes } from '../../../test/kit/policy-bench.ts';
import { GatewayError } from '../../core/errors.ts';
import { isFieldValue } from '../../http/field.ts';
import { redirect } from './redirect.ts';

type Options = z.input<typeof redirect.options>;

const setup = { paramNames: ['id', 'rest'] };

/** Where a request is sent; undefined when it goes on. */
function location(options: Options, init: FakeExchangeInit = {}): string | undefined {
  const reply = ask(benchPolicy(redirect, options, setup), fakeExchange(init));
  return reply === undefined ? undefined : new Map(reply.headers).get('location');
}

describe('redirect', () => {
  it('sends clients to a fixed URL with 307', () => {
    const reply = ask(benchPolicy(redirect, { to: 'https://www.example.com/' }), fakeExchange());
    assert.deepEqual(reply, { status: 307, headers: [['location', 'https://www.example.com/']] });
  });

  for (const status of [301, 302, 303, 307, 308] as const) {
    it(`answers ${status} when asked to`, () => {
      assert.equal(ask(benchPolicy(redirect, { to: '/', status }), fakeExchange())?.status, status);
    });
  }

  it('fills in variables, encoded for their place', () => {
    const to = 'https://www.example.com/u/${params.id}?ref=${request.host}';
    assert.equal(
      location({ to }, { params: { id: 'a b' } }),
      'https://www.example.com/u/a%20b?ref=api.example.com',
    );
  });

  it('takes the query along, behind one that is there and before a fragment', () => {
    const init = { query: 'a=1&b=%20' };
    assert.equal(location({ to: '/x' }, init), '/x?a=1&b=%20');
    assert.equal(location({ to: '/x?c=3' }, init), '/x?c=3&a=1&b=%20');
    assert.equal(location({ to: '/x#top?' }, init), '/x?a=1&b=%20#top?');
    assert.equal(location({ to: '/x?q=${request.query}' }, init), '/x?q=a=1&b=%20');
    assert.equal(location({ to: '/x' }, { query: '' }), '/x');
    assert.equal(location({ to: '/x' }), '/x');
  });

  it('leaves the query behind when asked to', () => {
    assert.equal(location({ to: '/x', keepQuery: false }, { query: 'a=1' }), '/x');
  });

  it('goes by the canonical path only (F91)', () => {
    assert.equal(
      location({ to: 'https://new.example.com${request.path}' }, { path: '/a;b%20c' }),
      'https://new.example.com/a;b%20c',
    );
  });
});

describe('redirect to https', () => {
  it('sends plain http to the same URL, without the port of http', () => {
    const init: FakeExchangeInit = { host: 'api.example.com', port: 8080, path: '/a/b', query: 'c=1' };
    assert.equal(location({ https: true }, init), 'https://api.example.com/a/b?c=1');
    assert.equal(location({ https: true, port: 8443 }, init), 'https://api.example.com:8443/a/b?c=1');
    assert.equal(location({ https: true }, { host: '[2001:db8::1]' }), 'https://[2001:db8::1]/');
  });

  it('lets those on https go on, by the scheme that trusted proxies vouch for', () => {
    assert.equal(location({ https: true }, { client: { scheme: 'https' } }), undefined);
    assert.equal(
      location({ https: true }, { headers: { 'x-forwarded-proto': 'https' } }),
      'https://api.example.com/',
    );
  });

  it('refuses a request without a host, as its path would be taken for one', () => {
    assert.throws(() => location({ https: true }, { host: '', path: '/evil.example', httpVersion: '1.0' }), {
      code: 'bad_host',
    });
  });

  it('does not let the asterisk of OPTIONS * into the host', () => {
    assert.equal(location({ https: true }, { method: 'OPTIONS', path: '*' }), 'https://api.example.com/*');
  });
});

describe('redirect under attack', () => {
  it('never sends clients to a host that a path names (open redirect)', () => {
    for (const rest of [
      '/evil.example',
      '//evil.example',
      '\\\\evil.example',
      '/\\evil.example',
      '\t/evil.example',
      '.evil.example',
      '@evil.example',
      'https://evil.example',
    ]) {
      for (const to of ['/${params.rest}', '/a${params.rest}', 'https://safe.example/${params.rest}']) {
        const url = new URL(location({ to }, { params: { rest } }) ?? '', 'https://safe.example/');
        assert.equal(url.host, 'safe.example', `${to} with ${rest}`);
      }
    }
  });

  it('answers with a valid header or refuses, for every path, query and parameter', () => {
    const policy = benchPolicy(
      redirect,
      { to: 'https://safe.example/${params.id}/${params.rest}?x=${params.id}' },
      setup,
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), fc.string(), (id, rest, query) => {
        try {
          const reply = ask(policy, fakeExchange({ params: { id, rest }, query }));
          const value = new Map(reply?.headers).get('location') ?? '';
          assert.ok(isFieldValue(value));
          assert.match(value, /^[!-~]+$/);
          assert.equal(new URL(value).origin, 'https://safe.example');
        } catch (error) {
          assert.ok(error instanceof GatewayError && error.status === 400, String(error));
        }
      }),
      { numRuns: 100 },
    );
  });

  it('refuses CR and LF of a parameter and encodes those of a query (F63)', () => {
    assert.throws(() => location({ to: '/${params.id}' }, { params: { id: 'a\r\nset-cookie: a' } }), {
      code: 'bad_path',
    });
    assert.equal(location({ to: '/x' }, { query: 'a\r\nset-cookie: b#c' }), '/x?a%0D%0Aset-cookie:%20b%23c');
  });

  for (const [options, expected] of [
    [{}, ': redirect does not say where to'],
    [{ to: '/x', https: true }, 'https: `https: true` and `to` are two redirects'],
    [{ to: '//evil.example' }, 'to: "//evil.example" is neither a URL nor a path'],
    [{ to: '${params.rest}' }, 'to: '],
    [{ to: 'javascript:alert(1)' }, 'to: '],
    [{ to: 'https://${params.id}/' }, 'to: ${params.id} would choose the host'],
    [{ to: 'https://example.com${params.id}' }, 'to: ${params.id} would choose the host'],
    [{ to: 'https://${request.header.x-host}/' }, 'to: ${request.header.x-host} would choose the host'],
    [{ to: '/${params.uid}' }, 'to: the path captures no parameter "uid" | did you mean ${params.id}?'],
    [{ to: '/x', status: 300 }, 'status: '],
    [{ to: '/x', status: '301' }, 'status: '],
    [{ https: true, port: 0 }, 'port: '],
    [{ https: true, port: 65_536 }, 'port: '],
    [{ to: '/x', keepquery: true }, 'keepquery: unknown key'],
  ] as const) {
    it(`refuses the options ${JSON.stringify(options)}`, () => {
      const [first = 'nothing', ...others] = optionMistakes(redirect, options, setup);
      assert.ok(first.startsWith(expected), first);
      assert.deepEqual(others, []);
    });
  }
});
