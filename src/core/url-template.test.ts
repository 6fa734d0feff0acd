import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { fakeExchange, type FakeExchangeInit } from '../../test/kit/fake-exchange.ts';
import { canonicalPath } from '../http/path.ts';
import { GatewayError } from './errors.ts';
import { TemplateError } from './template.ts';
import { compilePathTemplate, compileUrlTemplate } from './url-template.ts';

const names = ['id', 'rest'];

function render(source: string, init: FakeExchangeInit = {}): string {
  return compileUrlTemplate(source, names).render(fakeExchange(init));
}

function withId(source: string, id: string): string {
  return render(source, { params: { id } });
}

describe('compileUrlTemplate', () => {
  it('renders absolute URLs and paths', () => {
    assert.equal(
      withId('https://www.example.com/users/${params.id}', '7'),
      'https://www.example.com/users/7',
    );
    assert.equal(withId('/users/${params.id}?tab=${params.id}#${params.id}', '7'), '/users/7?tab=7#7');
    assert.equal(
      render('https://${request.host}${request.path}', { path: '/a/b' }),
      'https://api.example.com/a/b',
    );
    assert.equal(render('https://${request.host}:8443/', { host: '[::1]' }), 'https://[::1]:8443/');
    assert.equal(render('${request.path}/', { path: '/a' }), '/a/');
    assert.equal(compileUrlTemplate('https://example.com', []).constant, 'https://example.com');
    assert.equal(compileUrlTemplate('/', []).constant, '/');
  });

  it('says whether it writes a query or a fragment', () => {
    const template = compileUrlTemplate('/a?b#c', []);
    assert.deepEqual([template.hasQuery, template.hasFragment], [true, true]);
    const plain = compileUrlTemplate('/a/${params.id}', names);
    assert.deepEqual([plain.hasQuery, plain.hasFragment], [false, false]);
  });

  it('encodes a value for the place where it stands', () => {
    assert.equal(withId('/u/${params.id}', 'a b?c#d%e;f\\g'), '/u/a%20b%3Fc%23d%25e%3Bf%5Cg');
    assert.equal(withId('/u/${params.id}', 'a@b:c,d+e'), '/u/a@b:c,d+e');
    assert.equal(withId('/u?q=${params.id}', 'a&b=c+d/e'), '/u?q=a%26b%3Dc%2Bd%2Fe');
    assert.equal(withId('/u/${params.id}', 'é日'), '/u/%C3%A9%E6%97%A5');
    assert.equal(withId('/u?q=${params.id}', "é'"), '/u?q=%C3%A9%27');
    assert.equal(render('/u?q=${request.header.x-a}', { headers: { 'x-a': '\xe9' } }), '/u?q=%E9');
    assert.equal(
      render('/u/${request.id}?q=${request.id}', { id: '\u010a\ud800' }),
      '/u/%C4%8A%EF%BF%BD?q=%C4%8A%EF%BF%BD',
    );
  });

  it('does not encode path and query of the request a second time', () => {
    assert.equal(
      render('https://new.example.com${request.path}?${request.query}', {
        path: '/a%20b',
        query: 'q=%26&r=1',
      }),
      'https://new.example.com/a%20b?q=%26&r=1',
    );
    assert.equal(render('/login?next=${request.path}', { path: '/a%20b' }), '/login?next=%2Fa%2520b');
  });

  it('never lets a parameter make a URL on another host (open redirect)', () => {
    const rest = (value: string) => render('/${params.rest}', { params: { rest: value } });
    assert.equal(rest('/evil.example'), '/evil.example');
    assert.equal(rest('//evil.example'), '/evil.example');
    assert.equal(rest('\\evil.example'), '/%5Cevil.example');
    assert.equal(rest('/\\evil.example'), '/%5Cevil.example');
    assert.equal(rest('\t/evil.example'), '/%09/evil.example');
    assert.equal(rest('@evil.example'), '/@evil.example');
    assert.equal(rest('https://evil.example'), '/https:/evil.example');
  });

  it('never resolves to another host, for every parameter', () => {
    const templates = [
      '/${params.rest}',
      '/a${params.rest}',
      'https://safe.example/${params.rest}?x=${params.id}',
    ];
    const evil = fc.array(
      fc.constantFrom('/', '\\', '.', '@', ':', 'evil.example', '%2f', '%5c', '\t', 'é', '?', '#', ' ', ';'),
    );
    fc.assert(
      fc.property(fc.constantFrom(...templates), evil, fc.string({ unit: 'binary' }), (source, parts, id) => {
        try {
          const url = new URL(
            render(source, { params: { rest: parts.join(''), id } }),
            'https://safe.example/base',
          );
          assert.equal(url.origin, 'https://safe.example');
        } catch (error) {
          assert.ok(error instanceof GatewayError && error.status === 400, String(error));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('refuses a dot segment that a parameter makes', () => {
    for (const id of ['..', '.', '../..', 'a/../b', 'a/.']) {
      assert.throws(() => withId('/u/${params.id}', id), { code: 'bad_path' }, id);
    }
    assert.throws(() => withId('/u/.${params.id}/x', '.'), { code: 'bad_path' });
    assert.equal(withId('/u/${params.id}', '...'), '/u/...');
    assert.equal(withId('/u/${params.id}', 'a..b/.c'), '/u/a..b/.c');
    assert.equal(withId('/u/${params.id}', '%2e%2e'), '/u/%252e%252e');
  });

  it('leaves slashes of a parameter as they are, but not those that were encoded in the request', () => {
    const rest = { params: { rest: 'a/b' } };
    assert.equal(render('/u/${params.rest}', { ...rest, path: '/x/a/b' }), '/u/a/b');
    assert.equal(render('/u/${params.rest}', { ...rest, path: '/x/a%2Fb' }), '/u/a%2Fb');
    assert.equal(render('/u/${params.rest}', { params: { rest: '../b' }, path: '/x/..%2Fb' }), '/u/..%2Fb');
  });

  it('takes a slash in anything but a parameter and the path for a character of the value', () => {
    assert.equal(render('/u/${consumer.id}', { consumer: { id: 'a/../b' } }), '/u/a%2F..%2Fb');
    assert.equal(render('/u/${request.header.x-a}', { headers: { 'x-a': 'a/b' } }), '/u/a%2Fb');
  });

  it('rejects controls in a value (F63)', () => {
    for (const id of ['a\r\nb', 'a\0', 'a\x7f']) {
      assert.throws(() => withId('/u/${params.id}', id), { code: 'bad_path' });
      assert.throws(() => withId('/u?q=${params.id}', id), { code: 'bad_path' });
    }
  });

  it('keeps the asterisk of OPTIONS * out of the host', () => {
    assert.equal(
      render('https://${request.host}${request.path}', { path: '*' }),
      'https://api.example.com/*',
    );
  });

  it('refuses when the host is asked for and there is none', () => {
    assert.throws(() => render('https://${request.host}/x', { host: '' }), { code: 'bad_host' });
  });

  for (const source of [
    '//evil.example/x',
    '/\\evil.example',
    'users',
    '',
    'ftp://example.com/',
    'javascript:alert(1)',
    'HTTPS://example.com/',
    '${params.rest}',
    '${request.query}',
    'https://${params.id}.example.com/',
    'https://example.com${params.rest}',
    'https://${request.header.host}/',
    'https://user:secret@example.com/',
    'https:///x',
    'https://[::1/x',
    'https://exa_mple..com/',
    'https://example.com:99999/',
    'https://example.com:/',
    'https://${request.host}]/x',
    'https://-${request.host}@evil.example/',
    'https://',
    'https://?x',
    '/a b',
    '/a%zz',
    '/é',
    '/a\nb',
    '/a/../b',
    '/a/%2e%2e/b',
    'https://example.com/./a',
  ]) {
    it(`refuses ${JSON.stringify(source)} when the configuration is loaded`, () => {
      assert.throws(() => compileUrlTemplate(source, names), TemplateError);
    });
  }
});

describe('compilePathTemplate', () => {
  it('renders a canonical path', () => {
    const template = compilePathTemplate('/v2/users/${params.id}', names);
    assert.equal(template.render(fakeExchange({ params: { id: 'a b' } })), '/v2/users/a%20b');
    assert.equal(compilePathTemplate('/fixed', []).constant, '/fixed');
  });

  it('renders what the canonical form leaves as it is, or refuses', () => {
    const template = compilePathTemplate('/v2/${params.id}/x${params.rest}', names);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string(), (id, rest) => {
        try {
          const path = template.render(fakeExchange({ params: { id, rest } }));
          assert.equal(canonicalPath(path), path);
          assert.ok(path.startsWith('/v2/'));
        } catch (error) {
          assert.ok(error instanceof GatewayError && error.status === 400, String(error));
        }
      }),
    );
  });

  it('refuses what is no path, a query, and what no one knows before the policies run', () => {
    for (const source of [
      'users',
      'https://example.com/',
      '//x',
      '/a?b=c',
      '/a#b',
      '/u/${consumer.id}',
      '/u/${request.id}',
    ]) {
      assert.throws(() => compilePathTemplate(source, names), TemplateError, source);
    }
  });
});
