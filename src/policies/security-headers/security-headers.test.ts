import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { z } from 'zod';
import { fakeExchange, fakeResponse, type FakeHeaders } from '../../../test/kit/fake-exchange.ts';
import { answer, benchPolicy, optionMistakes } from '../../../test/kit/policy-bench.ts';
import type { HeaderList } from '../../http/header-list.ts';
import { securityHeaders } from './security-headers.ts';

type Options = z.input<typeof securityHeaders.options>;

const off: Options = {
  hsts: false,
  contentTypeOptions: false,
  frames: false,
  referrerPolicy: false,
  crossOriginOpenerPolicy: false,
  crossOriginResourcePolicy: false,
};

function sent(
  options: Options,
  { scheme = 'https', service = {} }: { scheme?: 'http' | 'https'; service?: FakeHeaders } = {},
): HeaderList {
  const exchange = fakeExchange({ client: { scheme } });
  return answer(benchPolicy(securityHeaders, options), exchange, fakeResponse(service)).headers;
}

function lines(list: HeaderList): string[] {
  return list.serialize().split('\r\n').slice(0, -1);
}

describe('security-headers', () => {
  it('sends careful headers that break nothing, by default', () => {
    assert.deepEqual(lines(sent({})), [
      'Strict-Transport-Security: max-age=31536000',
      'X-Content-Type-Options: nosniff',
      'X-Frame-Options: SAMEORIGIN',
      "Content-Security-Policy: frame-ancestors 'self'",
      'Referrer-Policy: strict-origin-when-cross-origin',
      'Cross-Origin-Opener-Policy: same-origin-allow-popups',
      'Cross-Origin-Resource-Policy: same-site',
    ]);
  });

  it('sends nothing when everything is off', () => {
    assert.deepEqual(lines(sent(off)), []);
  });

  for (const [option, header] of [
    ['hsts', 'strict-transport-security'],
    ['contentTypeOptions', 'x-content-type-options'],
    ['frames', 'x-frame-options'],
    ['frames', 'content-security-policy'],
    ['referrerPolicy', 'referrer-policy'],
    ['crossOriginOpenerPolicy', 'cross-origin-opener-policy'],
    ['crossOriginResourcePolicy', 'cross-origin-resource-policy'],
  ] as const) {
    it(`sends no ${header} with ${option}: false`, () => {
      assert.equal(sent({ [option]: false }).has(header), false);
      assert.equal(sent({}).has(header), true);
    });
  }

  it('sends Strict-Transport-Security on https only', () => {
    assert.equal(sent({}, { scheme: 'http' }).has('strict-transport-security'), false);
    assert.equal(sent({}, { scheme: 'http' }).has('x-content-type-options'), true);
  });

  for (const [hsts, value] of [
    [{ maxAge: '1d' }, 'max-age=86400'],
    [{ maxAge: 0 }, 'max-age=0'],
    [{ includeSubDomains: true }, 'max-age=31536000; includeSubDomains'],
    [
      { maxAge: '730d', includeSubDomains: true, preload: true },
      'max-age=63072000; includeSubDomains; preload',
    ],
  ] as const) {
    it(`sends ${value}`, () => assert.equal(sent({ hsts }).get('strict-transport-security'), value));
  }

  for (const [frames, options, policy] of [
    ['deny', 'DENY', "frame-ancestors 'none'"],
    ['same-origin', 'SAMEORIGIN', "frame-ancestors 'self'"],
    [
      ['self', 'https://*.example.com', 'http://localhost:*'],
      undefined,
      "frame-ancestors 'self' https://*.example.com http://localhost:*",
    ],
  ] as const) {
    it(`says who may frame the pages: ${String(frames)}`, () => {
      const list = sent({ frames: typeof frames === 'string' ? frames : [...frames] });
      assert.equal(list.get('x-frame-options'), options);
      assert.equal(list.get('content-security-policy'), policy);
    });
  }

  it('adds who may frame the pages to a policy that does not say so', () => {
    const csp = (contentSecurityPolicy: string, frames: Options['frames'] = 'deny') =>
      sent({ contentSecurityPolicy, frames }).getAll('content-security-policy');
    assert.deepEqual(csp("default-src 'self'"), ["default-src 'self'; frame-ancestors 'none'"]);
    assert.deepEqual(csp("default-src 'self'; "), ["default-src 'self'; frame-ancestors 'none'"]);
    assert.deepEqual(csp("default-src 'self'; Frame-Ancestors https://a.example"), [
      "default-src 'self'; Frame-Ancestors https://a.example",
    ]);
    assert.deepEqual(csp("default-src 'self'", false), ["default-src 'self'"]);
  });

  it('joins a policy of several lines', () => {
    assert.equal(
      sent({ permissionsPolicy: 'camera=(),\n  geolocation=(self)\n' }).get('permissions-policy'),
      'camera=(), geolocation=(self)',
    );
  });

  it('leaves what the service has set, in any case', () => {
    const service = {
      'x-frame-options': 'DENY',
      'Content-Security-Policy': "default-src 'none'",
      'REFERRER-POLICY': 'no-referrer',
    };
    const list = sent({}, { service });
    assert.deepEqual(lines(list).slice(0, 3), [
      'x-frame-options: DENY',
      "Content-Security-Policy: default-src 'none'",
      'REFERRER-POLICY: no-referrer',
    ]);
    assert.equal(list.getAll('x-frame-options').length + list.getAll('content-security-policy').length, 2);
  });

  it('replaces what the service has set when asked to', () => {
    const list = sent(
      { override: true },
      {
        service: [
          ['x-frame-options', 'ALLOWALL'],
          ['X-Frame-Options', 'DENY'],
        ],
      },
    );
    assert.deepEqual(list.getAll('x-frame-options'), ['SAMEORIGIN']);
  });

  it('covers replies and errors', () => {
    for (const from of ['reply', 'error'] as const) {
      const head = answer(
        benchPolicy(securityHeaders, {}),
        fakeExchange(),
        fakeResponse({}, { from, status: 404 }),
      );
      assert.equal(head.headers.get('x-content-type-options'), 'nosniff');
    }
  });

  for (const [options, expected] of [
    [
      { hsts: { preload: true } },
      'hsts.preload: the preload list takes only hosts with all their subdomains',
    ],
    [{ hsts: { preload: true, includeSubDomains: true, maxAge: '30d' } }, 'hsts.preload: '],
    [{ hsts: { maxAge: 31_536_000 } }, 'hsts.maxAge: 31536000 has no unit'],
    [{ hsts: true }, 'hsts: '],
    [{ frames: 'sameorigin' }, 'frames: '],
    [{ frames: [] }, 'frames: '],
    [{ frames: ["'self'; script-src *"] }, 'frames.0: '],
    [{ frames: ['*'] }, 'frames.0: "*" is not an origin that may embed pages'],
    [{ contentSecurityPolicy: 'a\0b' }, 'contentSecurityPolicy: '],
    [{ contentSecurityPolicy: '' }, 'contentSecurityPolicy: '],
    [{ permissionsPolicy: 'caf\u00e9' }, 'permissionsPolicy: the value holds characters'],
    [{ referrerPolicy: 'never' }, 'referrerPolicy: '],
    [{ crossOriginResourcePolicy: 'all' }, 'crossOriginResourcePolicy: '],
    [{ xssProtection: true }, 'xssProtection: unknown key'],
  ] as const) {
    it(`refuses the options ${JSON.stringify(options)}`, () => {
      const [first = 'nothing', ...others] = optionMistakes(securityHeaders, options);
      assert.ok(first.startsWith(expected), first);
      assert.deepEqual(others, []);
    });
  }
});
