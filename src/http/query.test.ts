import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { queryValue, takeParameter } from './query.ts';

describe('queryValue', () => {
  it('is the first value of a name, decoded', () => {
    assert.equal(queryValue('a=1&b=2&a=3', 'a'), '1');
    assert.equal(queryValue('a=1&b=2', 'b'), '2');
    assert.equal(queryValue('a', 'a'), '');
    assert.equal(queryValue('&&x=&=y', ''), 'y');
    assert.equal(queryValue('a%62=%C3%A9+%2B', 'ab'), 'é +');
    assert.equal(queryValue('a=b=c', 'a'), 'b=c');
    assert.equal(queryValue('', ''), undefined);
    assert.equal(queryValue('ab=1', 'a'), undefined);
  });

  it('F62: knows no names but those in the query', () => {
    for (const name of ['__proto__', 'constructor', 'toString'])
      assert.equal(queryValue('a=1', name), undefined);
    assert.equal(queryValue('__proto__=x', '__proto__'), 'x');
  });

  it('agrees with URLSearchParams, broken escapes included', () => {
    const part = fc.constantFrom(
      'a',
      'b',
      '=',
      '&',
      '+',
      '%',
      '%61',
      '%2B',
      '%26',
      '%3d',
      '%c3%a9',
      '%c3',
      '%ff',
      '%zz',
      '%2',
      '?',
      '/',
      '%EF%BB%BF',
    );
    const name = fc.constantFrom(
      'a',
      'b',
      'ab',
      '',
      'é',
      '+',
      ' ',
      '%',
      '\ufffd',
      'a+',
      '%zz',
      '%61',
      '\ufeff',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), name, (parts, wanted) => {
        const query = parts.join('');
        assert.equal(queryValue(query, wanted) ?? null, new URLSearchParams(`&${query}`).get(wanted));
      }),
      { numRuns: 5000 },
    );
  });
});

describe('takeParameter', () => {
  it('takes every value, and leaves everything else as it was received', () => {
    assert.deepEqual(takeParameter('a=1&b=%20&&%61=2+3&c', 'a'), { values: ['1', '2 3'], rest: 'b=%20&&c' });
    assert.deepEqual(takeParameter('b=1&&c', 'a'), { values: [], rest: 'b=1&&c' });
    assert.deepEqual(takeParameter('', 'a'), { values: [], rest: '' });
  });

  it('leaves no query where nothing else was there', () => {
    assert.deepEqual(takeParameter('a=1&a', 'a'), { values: ['1', ''], rest: undefined });
  });
});
