import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { receivedHeaders, type FakeHeaders } from '../../../test/kit/fake-exchange.ts';
import { sameNames, sameSelection, selectingValues, selects, varyNames } from './vary.ts';

const names = (...lines: string[]): string[] | undefined =>
  varyNames(receivedHeaders(lines.map((line) => ['Vary', line] as const)));

/** Whether an answer to the first request, which varies by this header, is one for the second. */
function same(name: string, one: FakeHeaders, other: FakeHeaders, lines: [string, string][] = []): boolean {
  const vary = selectingValues([name], receivedHeaders(one));
  return selects({ vary, lines }, receivedHeaders(other));
}

describe('varyNames', () => {
  it('are those of all lines, each once, whatever their case and order', () => {
    assert.deepEqual(names('B, a', 'A,c,'), ['a', 'b', 'c']);
    assert.deepEqual(names(), []);
    assert.deepEqual(names(' , '), []);
  });

  it('F107: are none where no other request may have the answer', () => {
    for (const line of [
      '*',
      'a, *',
      'Authorization',
      'cookie',
      'Proxy-Authorization',
      'a b',
      'a;b',
      '"a"',
      'é',
    ])
      assert.equal(names(line), undefined, line);
    const many = Array.from({ length: 11 }, (_, i) => `x-${i}`);
    assert.equal(names(many.join()), undefined);
    assert.equal(names(many.slice(1).join())?.length, 10);
  });
});

describe('selects', () => {
  it('tells what is not there from what is empty (RFC 9111 §4.1)', () => {
    assert.ok(same('x', {}, {}));
    assert.ok(same('x', { x: '' }, { x: '' }));
    assert.equal(same('x', {}, { x: '' }), false);
    assert.equal(same('x', { x: '' }, {}), false);
    assert.equal(same('x', { x: 'a' }, { x: 'A' }), false);
  });

  it('takes several lines for one list, whatever the blanks around its commas', () => {
    const lines = [
      ['x', '1'],
      ['x', '2'],
    ] as const;
    for (const x of ['1,2', '1, 2', ' 1 ,\t2 ']) assert.ok(same('x', lines, { x }), x);
    assert.equal(same('x', lines, { x: '2, 1' }), false);
  });

  it('leaves what is in quotes alone', () => {
    assert.equal(same('x', { x: '"a, b"' }, { x: '"a,b"' }), false);
    assert.ok(same('x', { x: '"a, b"' }, { x: '"a, b"' }));
  });

  it('takes preferences for the same whatever their order, case and blanks', () => {
    assert.ok(same('accept-language', { 'Accept-Language': 'en, de' }, { 'Accept-Language': 'DE,en' }));
    assert.ok(same('accept', { Accept: 'a/b;q=0.5, c/d' }, { Accept: 'C/D , a/b ; q=0.5' }));
    assert.equal(same('accept', { Accept: 'a/b;q=0.5, c/d' }, { Accept: 'a/b, c/d' }), false);
    assert.equal(same('accept-encoding', { 'Accept-Encoding': 'gzip' }, { 'Accept-Encoding': 'br' }), false);
  });

  it('takes an answer in the language that is liked best for the one', () => {
    const french = { 'Accept-Language': 'fr' };
    const by = (preferences: string, language = 'de'): boolean =>
      same('accept-language', french, { 'Accept-Language': preferences }, [['Content-Language', language]]);
    assert.ok(by('de, en;q=0.5'));
    assert.ok(by('en;q=0.5, DE', 'De'));
    for (const preferences of ['en, de', 'de;q=0.5, en', 'en', 'de;q=0', '*', ''])
      assert.equal(by(preferences), false);
    assert.equal(by('de', 'de, en'), false);
  });

  it('selects for every request what was kept for the very same one, and never throws', () => {
    const octets = fc
      .array(fc.integer({ min: 0x20, max: 0xff }), { maxLength: 20 })
      .map((codes) => String.fromCharCode(...codes).trim());
    const name = fc.constantFrom('accept', 'accept-language', 'x');
    fc.assert(
      fc.property(name, fc.array(octets), fc.array(octets), (selecting, one, other) => {
        const asked = one.map((value) => [selecting, value] as const);
        assert.ok(same(selecting, asked, asked));
        assert.equal(
          same(
            selecting,
            asked,
            other.map((value) => [selecting, value] as const),
          ),
          same(
            selecting,
            other.map((value) => [selecting, value] as const),
            asked,
          ),
        );
      }),
    );
  });
});

describe('sameSelection and sameNames', () => {
  it('compare with what a request has now, and by what answers depend on', () => {
    const vary = selectingValues(['x', 'y'], receivedHeaders({ x: '1' }));
    assert.ok(sameSelection({ vary }, receivedHeaders({ X: '1' })));
    assert.equal(sameSelection({ vary }, receivedHeaders({ x: '1', y: '' })), false);
    assert.ok(sameNames({ vary }, { vary: selectingValues(['x', 'y'], receivedHeaders({})) }));
    assert.equal(sameNames({ vary }, { vary: selectingValues(['x'], receivedHeaders({})) }), false);
    assert.equal(sameNames({ vary }, { vary: selectingValues(['x', 'z'], receivedHeaders({})) }), false);
  });
});
