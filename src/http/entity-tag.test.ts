import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { isEntityTag, noneMatchNames, stronglyMatches, weaklyMatches } from './entity-tag.ts';

describe('isEntityTag', () => {
  it('takes what RFC 9110 §8.8.3 takes', () => {
    for (const tag of ['""', '"a"', 'W/"a"', '"a,b"', '"\\"', '"\xff!#~"']) assert.ok(isEntityTag(tag), tag);
    for (const text of [
      '',
      'a',
      '"',
      '"a',
      'a"',
      'w/"a"',
      'W/ "a"',
      '"a" ',
      '"a b"',
      '"a"b"',
      '"\x7f"',
      '"a", "b"',
    ])
      assert.equal(isEntityTag(text), false, text);
  });
});

describe('weaklyMatches and stronglyMatches', () => {
  it('compare as the table in RFC 9110 §8.8.3.2', () => {
    for (const [one, other, strong, weak] of [
      ['W/"1"', 'W/"1"', false, true],
      ['W/"1"', 'W/"2"', false, false],
      ['W/"1"', '"1"', false, true],
      ['"1"', '"1"', true, true],
    ] as const) {
      assert.equal(stronglyMatches(one, other), strong);
      assert.equal(weaklyMatches(one, other), weak);
      assert.equal(stronglyMatches(other, one), strong);
      assert.equal(weaklyMatches(other, one), weak);
    }
  });
});

describe('noneMatchNames', () => {
  it('finds an entity-tag in a list, weak or not (RFC 9110 §13.1.2)', () => {
    assert.ok(noneMatchNames('"a"', '"a"'));
    assert.ok(noneMatchNames('W/"a"', '"a"'));
    assert.ok(noneMatchNames('"x", W/"a,b" ,"c"', 'W/"a,b"'));
    assert.equal(noneMatchNames('"a,b"', '"a"'), false);
    assert.equal(noneMatchNames('"ab"', '"a"'), false);
    assert.equal(noneMatchNames('', '""'), false);
    assert.equal(noneMatchNames('a', '"a"'), false);
  });

  it('takes * for any, and only where it stands alone', () => {
    assert.ok(noneMatchNames(' * ', '"a"'));
    assert.ok(noneMatchNames('*', undefined));
    assert.equal(noneMatchNames('*, "b"', '"a"'), false);
    assert.equal(noneMatchNames('"a"', undefined), false);
  });

  it('finds every member of a list that is one, and nothing else in it', () => {
    const tag = fc
      .tuple(fc.boolean(), fc.stringMatching(/^[!#-~]{0,5}$/))
      .map(([weak, text]) => `${weak ? 'W/' : ''}"${text}"`);
    fc.assert(
      fc.property(fc.array(tag, { minLength: 1 }), tag, (list, other) => {
        for (const each of list) assert.ok(noneMatchNames(list.join(', '), each));
        assert.equal(
          noneMatchNames(list.join(','), other),
          list.some((each) => weaklyMatches(each, other)),
        );
      }),
    );
  });

  it('reads in one pass, and never throws', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary-ascii' }), (text) => void noneMatchNames(text, '"a"')));
    for (const piece of ['"', '" ', 'W/', 'W/"', '"a', 'a"', ','])
      noneMatchNames(piece.repeat(200_000), '"zz"');
    noneMatchNames(`"${'a'.repeat(400_000)}`, '"zz"');
  });
});
