import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { canonicalPath } from '../http/path.ts';
import { stripPrefix } from './compiled-route.ts';

describe('stripPrefix', () => {
  for (const [path, prefix, rest] of [
    ['/users', '/users', '/'],
    ['/users/', '/users', '/'],
    ['/users/1', '/users', '/1'],
    ['/users/users', '/users', '/users'],
    ['/users/1', '/users/', '/1'],
    ['/a/b', '/', '/a/b'],
    ['/', '/', '/'],
  ] as const) {
    it(`leaves ${rest} of ${path} without ${prefix}`, () => assert.equal(stripPrefix(path, prefix), rest));
  }

  it('leaves a canonical path of any canonical path below the prefix', () => {
    const segment = fc.string({
      minLength: 1,
      maxLength: 6,
      unit: fc.constantFrom('a', 'B', '1', '.', '-', '%20', '~'),
    });
    const segments = fc.array(segment, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(segments, segments, (above, below) => {
        const prefix = canonicalPath(`/${above.join('/')}`);
        const path = canonicalPath(`${prefix}/${below.join('/')}`);
        if (prefix === undefined || path === undefined || prefix === '/' || !path.startsWith(`${prefix}/`))
          return;
        const rest = stripPrefix(path, prefix);
        assert.ok(rest !== undefined);
        assert.equal(canonicalPath(rest), rest);
        assert.equal(prefix.replace(/\/$/, '') + rest, path);
      }),
    );
  });
});
