import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { CacheControl } from './cache-control.ts';

const read = (...lines: string[]): CacheControl => new CacheControl(lines);

/** Any octets that a header line may have. */
const fieldText = fc
  .array(fc.integer({ min: 0x20, max: 0xff }), { maxLength: 60 })
  .map((codes) => String.fromCharCode(...codes));

/** Pieces that the grammar is made of, in any order. */
const pieces = fc
  .array(
    fc.constantFrom(
      ...[
        'no-store',
        'private',
        'max-age',
        's-maxage',
        'x',
        '=',
        '"',
        '\\',
        ',',
        ' ',
        '\t',
        '1',
        '60',
        ';',
        '\xff',
      ],
    ),
    { maxLength: 20 },
  )
  .map((parts) => parts.join(''));

describe('CacheControl', () => {
  it('knows directives in any case, on several lines, with empty members between (RFC 9110 §5.6.1.2)', () => {
    const control = read('No-Store , ,MAX-AGE=60', ' public\t');
    assert.ok(control.has('no-store') && control.has('public'));
    assert.equal(control.seconds('max-age'), 60);
    assert.equal(control.malformed, false);
    assert.equal(read('', ' ,\t,').malformed, false);
  });

  it('takes a value in quotes for the same value (RFC 9111 §5.2)', () => {
    assert.equal(read('max-age="60"').seconds('max-age'), 60);
    assert.equal(read('max-age="\\6\\0"').seconds('max-age'), 60);
    assert.deepEqual(read('private="a, B"').fields('private'), ['a', 'b']);
  });

  it('does not take what stands within quotes for a directive', () => {
    const control = read('x="no-store, max-age=1", max-age=2');
    assert.equal(control.has('no-store'), false);
    assert.equal(control.seconds('max-age'), 2);
  });

  it('takes seconds that are none, or that contradict each other, for 0: stale (RFC 9111 §4.2.1)', () => {
    for (const line of [
      ...['max-age', 'max-age=""', 'max-age=-1', 'max-age=1.5', 'max-age=1s', 'max-age="1 "', 'max-age=0x10'],
      ...['max-age=60, max-age=61', 'max-age=60, max-age', 'max-age=60, max-age=060'],
    ]) {
      assert.equal(read(line).seconds('max-age'), 0, line);
      assert.equal(read(line).isSeconds('max-age'), false, line);
    }
    assert.equal(read('max-age=60, max-age=60').seconds('max-age'), 60);
    assert.ok(read('max-age=60, max-age=60').isSeconds('max-age'));
    assert.equal(read('public').seconds('max-age'), undefined);
    assert.equal(read('public').isSeconds('max-age'), false);
  });

  it('reckons with 2³¹ seconds at most (RFC 9111 §1.2.2)', () => {
    assert.equal(read(`max-age=${'9'.repeat(400)}`).seconds('max-age'), 2 ** 31);
    assert.equal(read('max-age=2147483648').seconds('max-age'), 2 ** 31);
    assert.equal(read('max-age=2147483647').seconds('max-age'), 2 ** 31 - 1);
  });

  it('takes field names that make no sense for all of them', () => {
    for (const line of ['private', 'private=""', 'private=","', 'private="a b"', 'private="a", private'])
      assert.equal(read(line).fields('private'), undefined, line);
    assert.deepEqual(read('private=a, private="b,c"').fields('private'), ['a', 'b', 'c']);
  });

  it('says what is malformed, and still reads the rest', () => {
    for (const line of [
      'no-store; max-age=1',
      'max-age="60',
      'a b, no-store',
      '=1',
      'max-age = 60',
      '"no-store"',
    ]) {
      assert.ok(read(line).malformed, line);
      assert.ok(read(line, 'no-store').has('no-store'), line);
    }
    assert.ok(read('a b, no-store').has('no-store'));
    assert.ok(read('max-age="60, no-store').has('no-store'));
  });

  it('reads a targeted field as a dictionary (RFC 9213 §2.1), which fails as a whole', () => {
    const targeted = (...lines: string[]): CacheControl | undefined => CacheControl.ofDictionary(lines);
    assert.equal(targeted('max-age=60;x', 'no-store')?.seconds('max-age'), 60);
    assert.ok(targeted('max-age=60', 'no-store')?.has('no-store'));
    for (const line of ['no-store;x=1', 'no-store=?1', 'no-store=1', 'no-store=x'])
      assert.ok(targeted(line)?.has('no-store'), line);
    assert.equal(targeted('no-store=?0')?.has('no-store'), false);
    assert.deepEqual(targeted('private="X-A, x-\\"b"')?.fields('private'), undefined);
    assert.deepEqual(targeted('private="X-A, x-b"')?.fields('private'), ['x-a', 'x-b']);
    for (const line of ['max-age="60"', 'max-age=-1', 'max-age=1.5', 'max-age', 'max-age=x'])
      assert.equal(targeted(line)?.seconds('max-age'), 0, line);
    for (const line of ['', ' ', 'max-age=60,', 'Max-Age=60', 'max-age = 60', 'no-store, &&'])
      assert.equal(targeted(line), undefined, line);
  });

  it('F106: never throws, whatever is in it', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fieldText, pieces), { maxLength: 3 }), (lines) => {
        const control = read(...lines);
        for (const name of ['private', 'max-age', '__proto__', 'constructor']) {
          control.has(name);
          control.fields(name);
          const seconds = control.seconds(name);
          assert.ok(seconds === undefined || (seconds >= 0 && seconds <= 2 ** 31));
        }
      }),
    );
  });

  it('F106: no-store on a line of its own is never lost behind garbage on another', () => {
    fc.assert(
      fc.property(fieldText, pieces, (one, other) => {
        assert.ok(read(one, 'no-store', other).has('no-store'));
      }),
    );
  });

  it('reads what it has written', () => {
    const name = fc.stringMatching(/^[a-z][a-z-]{0,9}$/);
    const value = fc.option(fc.string({ unit: 'grapheme-ascii', maxLength: 10 }), { nil: undefined });
    fc.assert(
      fc.property(fc.dictionary(name, value, { maxKeys: 5 }), (directives) => {
        const members = Object.entries(directives).map(([key, text]) =>
          text === undefined ? key : `${key}="${text.replace(/["\\]/g, '\\$&')}"`,
        );
        const control = read(members.join(', '));
        assert.equal(control.malformed, false);
        for (const [key, text] of Object.entries(directives)) {
          assert.ok(control.has(key));
          assert.equal(control.isSeconds(key), text !== undefined && /^\d+$/.test(text));
        }
      }),
    );
  });

  it('reads a line in one pass: what repeats itself is not looked at again for every repetition', () => {
    const times = 200_000;
    for (const piece of [
      'a',
      '=',
      '"',
      ',',
      '\\',
      ' ',
      ';',
      'a="',
      'a="\\',
      'a,',
      ' ,',
      '\\"',
      '="\\",',
      'a=\t',
      'a=b ',
      '"a" ',
    ])
      read(piece.repeat(times));
    for (const first of ['a="', 'a=', 'a', '"'])
      for (const rest of [' ', ',', 'a', '\\', '\\"', ',a="\\']) read(`${first}${rest.repeat(times)};`);
  });
});
