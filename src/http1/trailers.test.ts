import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HeaderList } from '../http/header-list.ts';
import { allowedTrailers, checkTrailers, isForbiddenTrailer } from './trailers.ts';

const list = (...pairs: readonly (readonly [string, string])[]): HeaderList => HeaderList.from(pairs);

describe('checkTrailers', () => {
  it('accepts what comes behind a body for good reasons', () => {
    assert.equal(
      checkTrailers(list(['X-Sum', '1'], ['Digest', 'a=b'], ['Server-Timing', 'x']), 100),
      undefined,
    );
    assert.equal(checkTrailers(list(), 100), undefined);
  });

  for (const name of [
    'Authorization',
    'Content-Length',
    'Cookie',
    'Expect',
    'Forwarded',
    'Host',
    'HOST',
    'Set-Cookie',
    'TE',
    'Trailer',
    'Transfer-Encoding',
    'Upgrade',
    'X-Forwarded-For',
  ]) {
    it(`refuses ${name}`, () => {
      assert.equal(checkTrailers(list(['X-Sum', '1'], [name, 'x']), 100)?.code, 'bad_body');
      assert.ok(isForbiddenTrailer(name.toLowerCase()));
    });
  }

  it('refuses more than a head may have lines', () => {
    const many = (count: number): HeaderList =>
      list(...Array.from({ length: count }, (_, i): [string, string] => [`X-${i}`, 'y']));
    assert.equal(checkTrailers(many(100), 100), undefined);
    assert.equal(checkTrailers(many(101), 100)?.code, 'bad_body');
  });

  it('refuses a name that is no token and a value with a control', () => {
    assert.equal(checkTrailers(list(['X Y', 'a']), 100)?.code, 'bad_body');
    assert.equal(checkTrailers(list(['X', 'a\0']), 100)?.code, 'bad_body');
  });
});

describe('allowedTrailers', () => {
  it('lets only those of the allow-list through, in any case, in order', () => {
    const kept = allowedTrailers(list(['X-Sum', '1'], ['X-Other', '2'], ['x-sum', '3']), ['x-sum']);
    assert.deepEqual(
      [...(kept ?? [])],
      [
        ['X-Sum', '1'],
        ['x-sum', '3'],
      ],
    );
  });

  it('is nothing where nothing is left', () => {
    assert.equal(allowedTrailers(undefined, ['x-sum']), undefined);
    assert.equal(allowedTrailers(list(['X-Sum', '1']), []), undefined);
    assert.equal(allowedTrailers(list(['X-Other', '1']), ['x-sum']), undefined);
    assert.equal(allowedTrailers(list(['X-Sum', 'a\r\nb']), ['x-sum']), undefined);
  });
});
