import assert from 'node:assert/strict';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Filter } from '../../src/http-proxy-middleware.ts';
import * as ours from '../../src/http-proxy-middleware.ts';
import { packages, type ProxyPackage } from '../kit/proxy-comparison.ts';

const wanted = new Error('the filter lets it through');

/** Whether a proxy takes a path: it asks its router then. */
async function takes(lib: ProxyPackage, filter: Filter, path: string): Promise<boolean> {
  const proxy = lib.createProxyMiddleware({
    pathFilter: filter,
    router: () => {
      throw wanted;
    },
  });
  const request = Object.assign(new IncomingMessage(new Socket()), { url: path, method: 'GET' });
  const { promise, resolve } = Promise.withResolvers<unknown>();
  void proxy(request, new ServerResponse(request), resolve);
  return (await promise) === wanted;
}

async function bothTake(filter: Filter, path: string): Promise<boolean> {
  const [theirs, own] = await Promise.all(packages.map(([, lib]) => takes(lib, filter, path)));
  assert.equal(own, theirs, `${JSON.stringify(filter)} for ${path}`);
  return own === true;
}

const parts = ['a', 'b', 'ab', '.a', 'a.js', 'b.html', 'a-b', 'x1', ''];
const globParts = [
  '*',
  '**',
  '*.js',
  'a*',
  '*b',
  'a*b',
  '.*',
  '?',
  'a?',
  '{a,b}',
  '{a,b*}',
  'x{1,2}',
  '[ab]',
  '[^a]',
  'x[0-9]',
  '*.*',
  'a+b',
  '$',
  '(a',
];

describe('pathFilter takes the same paths as the original', () => {
  it('with globs of any make', async () => {
    const path = fc
      .array(fc.constantFrom(...parts), { minLength: 1, maxLength: 5 })
      .map((some) => `/${some.join('/')}`);
    const glob = fc
      .tuple(
        fc.constantFrom('', '/', '/', '/', '!/', '!'),
        fc.array(fc.oneof(fc.constantFrom(...globParts), fc.constantFrom(...parts)), {
          minLength: 1,
          maxLength: 4,
        }),
      )
      .map(([start, some]) => start + some.join('/'));
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(glob, { minLength: 1, maxLength: 3 }), path, async (globs, asked) => {
        for (const filter of [globs, globs[0] ?? '']) {
          if (isRefused(filter)) continue;
          if (await bothTake(filter, asked)) taken++;
        }
      }),
      { numRuns: 1000 },
    );
    assert.ok(taken > 50, String(taken));
  });

  it("with the documentation's own", async () => {
    const globs = [
      '**',
      '**/*.html',
      '/*.html',
      '/api/**/*.html',
      ['/api/**', '/ajax/**'],
      ['/api/**', '!**/bad.json'],
    ];
    const paths = [
      '/',
      '/api',
      '/api/x',
      '/ajax',
      '/a.html',
      '/api/a.html',
      '/api/x/a.html',
      '/api/x/bad.json',
      '/bad.json',
      '/x/y',
    ];
    let taken = 0;
    for (const filter of globs) for (const path of paths) if (await bothTake(filter, path)) taken++;
    assert.equal(taken, 26);
  });

  it('refuses what micromatch understands beyond that, instead of taking it for something else', () => {
    for (const glob of [
      '/@(a|b)',
      '/+(a)',
      '/(a|b)/x',
      '/api/!(x)',
      '/api/**.html',
      '/[!a]/x',
      '/\\*x',
      '/{1..3}/x',
      '/{a,{b,c}}',
      '/[[:alpha:]]*',
      '!!/a',
      '/a//b*',
      '/{a/b,c}/*',
    ])
      assert.throws(
        () => ours.createProxyMiddleware({ target: 'http://a.test', pathFilter: glob }),
        /in the glob .* of pathFilter is not supported: write a list of globs/,
        glob,
      );
  });
});

/** Mixed lists, and what ours understands less of. */
function isRefused(filter: Filter): boolean {
  try {
    ours.createProxyMiddleware({ target: 'http://a.test', pathFilter: filter });
    return false;
  } catch {
    return true;
  }
}
