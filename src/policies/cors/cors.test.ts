import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { z } from 'zod';
import { fakeExchange, fakeResponse, type FakeHeaders } from '../../../test/kit/fake-exchange.ts';
import { answer, ask, benchPolicy, headOf, optionMistakes } from '../../../test/kit/policy-bench.ts';
import type { ResponseHead } from '../../core/exchange.ts';
import { cors } from './cors.ts';

type Options = z.input<typeof cors.options>;

const app = 'https://app.example.com';

/** The headers that a browser gets for an ordinary request. */
function answered(
  options: Options,
  requestHeaders: FakeHeaders,
  responseHeaders: FakeHeaders = {},
): ResponseHead {
  const policy = benchPolicy(cors, options);
  const exchange = fakeExchange({ headers: requestHeaders });
  assert.equal(ask(policy, exchange), undefined);
  return answer(policy, exchange, fakeResponse(responseHeaders));
}

/** What a browser gets for a preflight; undefined when it is passed on to the service. */
function preflight(options: Options, headers: FakeHeaders, method = 'OPTIONS'): ResponseHead | undefined {
  const policy = benchPolicy(cors, options);
  const exchange = fakeExchange({ method, headers });
  const reply = ask(policy, exchange);
  return reply === undefined ? undefined : answer(policy, exchange, headOf(reply));
}

function lines({ headers }: ResponseHead): string[] {
  return headers.serialize().split('\r\n').slice(0, -1);
}

describe('cors on an ordinary request', () => {
  it('lets a listed origin read the answer, and says that it depends on the origin', () => {
    assert.deepEqual(lines(answered({ origins: [app] }, { origin: app })), [
      'Vary: Origin',
      `Access-Control-Allow-Origin: ${app}`,
    ]);
  });

  it('sends no CORS header to an origin that is not listed, but Vary', () => {
    for (const origin of [
      'https://evil.example',
      'http://app.example.com',
      `${app}:8443`,
      `${app}.evil.example`,
      'null',
      '',
    ]) {
      assert.deepEqual(lines(answered({ origins: [app] }, { origin })), ['Vary: Origin'], origin);
    }
  });

  it('says that the answer depends on the origin also when the request has none', () => {
    assert.deepEqual(lines(answered({ origins: [app] }, {})), ['Vary: Origin']);
  });

  it('sends * to everybody alike, so that caches need no Vary', () => {
    for (const headers of [{}, { origin: app }, { origin: 'null' }] as FakeHeaders[]) {
      assert.deepEqual(lines(answered({ origins: '*' }, headers)), ['Access-Control-Allow-Origin: *']);
    }
  });

  it('never reflects an origin for *', () => {
    const head = answered({ origins: '*' }, { origin: 'https://evil.example' });
    assert.equal(head.headers.get('access-control-allow-origin'), '*');
  });

  it('matches an origin with a wildcard by one or more labels, and not the bare domain', () => {
    const options: Options = { origins: ['https://*.example.com', 'http://*.localhost:3000'] };
    for (const origin of ['https://a.example.com', 'https://a.b-c.example.com', 'http://x.localhost:3000']) {
      assert.equal(answered(options, { origin }).headers.get('access-control-allow-origin'), origin);
    }
    for (const origin of [
      'https://example.com',
      'https://.example.com',
      'https://a..example.com',
      'http://a.example.com',
      'https://a.example.com:8443',
      'https://evil.example?.example.com',
      'https://evil.example/.example.com',
      'https://evil.example#.example.com',
      'https://user@.example.com',
      'https://evilexample.com',
      'https://a.example.com.evil.example',
      'https://A.example.com',
      `https://${'a'.repeat(64)}.example.com`,
      `https://${'a.'.repeat(200)}example.com`,
      'http://localhost:3000',
    ]) {
      assert.equal(
        answered(options, { origin }).headers.get('access-control-allow-origin'),
        undefined,
        origin,
      );
    }
  });

  it('takes two Origin lines for none', () => {
    const headers = [
      ['Origin', app],
      ['Origin', 'https://evil.example'],
    ] as const;
    assert.deepEqual(lines(answered({ origins: [app] }, headers)), ['Vary: Origin']);
  });

  it('adds to a Vary that is there', () => {
    const vary = (value: FakeHeaders) =>
      answered({ origins: [app] }, { origin: app }, value).headers.getAll('vary');
    assert.deepEqual(vary({ vary: 'Accept-Encoding' }), ['Accept-Encoding, Origin']);
    assert.deepEqual(vary({ vary: 'accept, ORIGIN' }), ['accept, ORIGIN']);
    assert.deepEqual(vary({ vary: '*' }), ['*']);
    assert.deepEqual(vary({ vary: '' }), ['Origin']);
    assert.deepEqual(
      vary([
        ['Vary', 'Accept'],
        ['Vary', 'Cookie'],
      ]),
      ['Accept, Cookie, Origin'],
    );
  });

  it('replaces the CORS headers of the service, also for origins that are not allowed', () => {
    const service = {
      'Access-Control-Allow-Origin': '*',
      'access-control-allow-credentials': 'true',
      'Access-Control-Expose-Headers': 'x-secret',
      'Access-Control-Allow-Private-Network': 'true',
      'Content-Type': 'text/plain',
    };
    assert.deepEqual(lines(answered({ origins: [app] }, { origin: app }, service)), [
      'Content-Type: text/plain',
      'Vary: Origin',
      `Access-Control-Allow-Origin: ${app}`,
    ]);
    assert.deepEqual(lines(answered({ origins: [app] }, { origin: 'https://evil.example' }, service)), [
      'Content-Type: text/plain',
      'Vary: Origin',
    ]);
  });

  it('allows credentials and exposes headers when asked to', () => {
    const options: Options = { origins: [app], credentials: true, exposedHeaders: ['ETag', 'X-Total'] };
    assert.deepEqual(lines(answered(options, { origin: app })), [
      'Vary: Origin',
      `Access-Control-Allow-Origin: ${app}`,
      'Access-Control-Allow-Credentials: true',
      'Access-Control-Expose-Headers: ETag, X-Total',
    ]);
    assert.deepEqual(lines(answered(options, { origin: 'https://evil.example' })), ['Vary: Origin']);
  });

  it('covers error answers, so that a page can read what went wrong', () => {
    const policy = benchPolicy(cors, { origins: [app] });
    const exchange = fakeExchange({ headers: { origin: app } });
    ask(policy, exchange);
    const head = answer(policy, exchange, fakeResponse({}, { status: 502, from: 'error' }));
    assert.equal(head.headers.get('access-control-allow-origin'), app);
  });

  it('decides by the origin that the client sent, whatever other policies make of the header', () => {
    const policy = benchPolicy(cors, { origins: [app] });
    const exchange = fakeExchange({ headers: { origin: app } });
    ask(policy, exchange);
    exchange.request.headers.set('origin', 'https://evil.example');
    assert.equal(answer(policy, exchange).headers.get('access-control-allow-origin'), app);
  });

  it('keeps nothing of one exchange for the next', () => {
    const policy = benchPolicy(cors, { origins: [app] });
    const first = fakeExchange({ headers: { origin: app } });
    const second = fakeExchange({ headers: { origin: 'https://evil.example' } });
    ask(policy, first);
    ask(policy, second);
    assert.equal(answer(policy, second).headers.has('access-control-allow-origin'), false);
    assert.equal(answer(policy, first).headers.has('access-control-allow-origin'), true);
  });
});

describe('cors on a preflight', () => {
  const asks = { origin: app, 'access-control-request-method': 'PUT' };

  it('answers 204 without asking the service', () => {
    const policy = benchPolicy(cors, { origins: [app] });
    const reply = ask(policy, fakeExchange({ method: 'OPTIONS', headers: asks }));
    assert.deepEqual(reply, { status: 204 });
    assert.equal(policy.counts.get('preflights'), 1);
  });

  it('lists the methods, the requested headers and how long to remember them', () => {
    const head = preflight(
      { origins: [app] },
      { ...asks, 'access-control-request-headers': 'authorization,X-Custom , content-type' },
    );
    assert.ok(head);
    assert.deepEqual(lines(head), [
      'Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
      `Access-Control-Allow-Origin: ${app}`,
      'Access-Control-Allow-Methods: GET, HEAD, POST, PUT, PATCH, DELETE',
      'Access-Control-Allow-Headers: authorization, x-custom, content-type',
      'Access-Control-Max-Age: 600',
    ]);
  });

  it('lists what the operator chose', () => {
    const head = preflight(
      {
        origins: [app],
        methods: ['GET', 'QUERY'],
        headers: ['X-Token'],
        credentials: true,
        maxAge: '1h',
        exposedHeaders: ['ETag'],
      },
      { ...asks, 'access-control-request-headers': 'x-other' },
    );
    assert.ok(head);
    assert.deepEqual(lines(head).slice(1), [
      `Access-Control-Allow-Origin: ${app}`,
      'Access-Control-Allow-Credentials: true',
      'Access-Control-Allow-Methods: GET, QUERY',
      'Access-Control-Allow-Headers: X-Token',
      'Access-Control-Max-Age: 3600',
    ]);
  });

  it('tells browsers to remember nothing with maxAge 0', () => {
    assert.equal(preflight({ origins: [app], maxAge: 0 }, asks)?.headers.get('access-control-max-age'), '0');
  });

  it('answers 204 without CORS headers to an origin that is not allowed', () => {
    const head = preflight({ origins: [app] }, { ...asks, origin: 'https://evil.example' });
    assert.ok(head);
    assert.deepEqual(
      [head.status, ...lines(head)],
      [204, 'Vary: Origin, Access-Control-Request-Method, Access-Control-Request-Headers'],
    );
  });

  it('names the requested headers for *, as * would not cover Authorization', () => {
    const head = preflight({ origins: '*' }, { ...asks, 'access-control-request-headers': 'authorization' });
    assert.equal(head?.headers.get('access-control-allow-headers'), 'authorization');
    assert.equal(head?.headers.get('access-control-allow-origin'), '*');
  });

  for (const [what, requested] of [
    ['a line break', 'x-a\r\nset-cookie: a=1'],
    ['a space', 'x-a x-b'],
    ['a quote', 'x-"a"'],
    ['a megabyte of names', `${'x'.repeat(1000)},`.repeat(1000)],
  ] as const) {
    it(`allows no header when the list holds ${what} (F63)`, () => {
      const head = preflight({ origins: [app] }, [
        ['origin', app],
        ['access-control-request-method', 'PUT'],
        ['access-control-request-headers', requested],
      ]);
      assert.equal(head?.headers.has('access-control-allow-headers'), false);
    });
  }

  it('passes on every OPTIONS that is no preflight', () => {
    for (const headers of [
      {},
      { origin: app },
      { 'access-control-request-method': 'PUT' },
      { origin: app, 'access-control-request-method': '' },
      { origin: app, 'access-control-request-method': 'PUT, GET' },
      [...Object.entries(asks), ['access-control-request-method', 'GET']],
      [...Object.entries(asks), ['origin', app]],
    ] as FakeHeaders[]) {
      assert.equal(preflight({ origins: [app] }, headers), undefined, JSON.stringify(headers));
    }
  });

  it('passes on any other method that looks like a preflight', () => {
    for (const method of ['GET', 'POST', 'HEAD', 'options']) {
      assert.equal(preflight({ origins: [app] }, asks, method), undefined, method);
    }
  });

  it('ignores headers that claim another method (F53)', () => {
    for (const name of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override', '_method']) {
      assert.equal(preflight({ origins: [app] }, { ...asks, [name]: 'OPTIONS' }, 'POST'), undefined);
      assert.equal(preflight({ origins: [app] }, { ...asks, [name]: 'POST' })?.status, 204);
    }
  });

  it('grants no access to private networks', () => {
    const head = preflight({ origins: '*' }, { ...asks, 'access-control-request-private-network': 'true' });
    assert.equal(head?.headers.has('access-control-allow-private-network'), false);
  });
});

describe('the options of cors', () => {
  for (const [options, expected] of [
    [{}, 'origins: '],
    [
      { origins: '*', credentials: true },
      'origins: credentials for every origin would let any page act as the user',
    ],
    [{ origins: [] }, 'origins: '],
    [{ origins: ['*'] }, 'origins.0: "*" stands for every origin'],
    [{ origins: ['null'] }, 'origins.0: "null" is the origin of every sandboxed frame'],
    [{ origins: ['app.example.com'] }, 'write https://app.example.com, with its scheme'],
    [{ origins: ['localhost:3000'] }, 'write https://localhost:3000, with its scheme'],
    [{ origins: [`${app}/`] }, `write ${app}: scheme, host and port`],
    [{ origins: [`${app}/path?q`] }, `write ${app}: scheme, host and port`],
    [{ origins: ['https://App.Example.com'] }, `write ${app}`],
    [{ origins: ['HTTPS://app.example.com'] }, `write ${app}`],
    [{ origins: ['https://app.example.com:443'] }, `write ${app}`],
    [{ origins: ['http://app.example.com:80'] }, 'write http://app.example.com'],
    [{ origins: ['https://app.example.com:0443'] }, `write ${app}`],
    [{ origins: ['http://app.example.com:99999'] }, 'origins.0: '],
    [{ origins: ['https://bücher.example'] }, 'write https://xn--bcher-kva.example'],
    [{ origins: ['https://user@app.example.com'] }, 'origins.0: '],
    [{ origins: ['https://*'] }, 'origins.0: '],
    [{ origins: ['https://*.com'] }, 'origins.0: "https://*.com" matches every site under .com'],
    [{ origins: ['https://app.*.com'] }, 'origins.0: '],
    [{ origins: ['https://*app.example.com'] }, 'origins.0: '],
    [{ origins: ['/^https:/'] }, 'origins.0: '],
    [{ origins: [app], methods: ['get'] }, 'methods.0: "get" is not a method | write it in capitals'],
    [{ origins: [app], methods: ['GET, PUT'] }, 'methods.0: '],
    [{ origins: [app], headers: ['x a'] }, 'headers.0: '],
    [{ origins: [app], exposedHeaders: ['a\r\nb'] }, 'exposedHeaders.0: '],
    [{ origins: [app], maxAge: 600 }, 'maxAge: 600 has no unit'],
    [{ origins: [app], maxAge: '25h' }, 'maxAge: '],
    [{ origins: [app], origin: app }, 'origin: unknown key "origin" | did you mean "origins"?'],
  ] as const) {
    it(`refuses ${JSON.stringify(options)}`, () => {
      const [first = 'nothing', ...others] = optionMistakes(cors, options);
      assert.ok(first.includes(expected), first);
      assert.deepEqual(others, []);
    });
  }

  it('takes every spelling that browsers send', () => {
    const origins = [
      app,
      'http://localhost:3000',
      'http://[::1]:8080',
      'http://127.0.0.1',
      'https://*.example.com',
      'capacitor://localhost',
      'chrome-extension://abcdef',
    ];
    assert.deepEqual(optionMistakes(cors, { origins }), []);
    for (const origin of origins.filter((each) => !each.includes('*'))) {
      assert.equal(answered({ origins }, { origin }).headers.get('access-control-allow-origin'), origin);
    }
  });

  it('reports every wrong origin at once', () => {
    assert.equal(optionMistakes(cors, { origins: ['a', app, 'null'] }).length, 2);
  });
});
