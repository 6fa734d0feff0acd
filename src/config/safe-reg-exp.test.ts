import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { backtrackingMistake, groupNames, regExpMistake } from './safe-reg-exp.ts';

const bad = [
  '(a+)+$',
  '(a|a)*b',
  '(.*a){20}',
  '(a+)+',
  '(x+x+)+y',
  '([a-z]+)*$',
  '(\\w+\\s?)*',
  '/a/.*/b/.*/c',
  '.*a.*b',
  '\\d+\\d+',
  '(a?){50}a{50}',
  '(a{1,1000}){1,1000}',
  '(.{1,30}x){1,30}',
  '(?<name>a+)+b',
  '(?:(?:a*)*)*b',
  'a*a*a*a*b',
  '(a|b|ab)*c',
  '(.*)*',
  '(?=(a+)+$)a',
];
const good = [
  '/v[0-9]+/users/[^/]+',
  '.*',
  '.*.*',
  '/(en|de|fr|es|it)(/(shop|cart|account)(/[^/]+)*)?/?',
  '/users/.*',
  '.*Chrome.*',
  '/files/(?<path>.+)',
  '/(?<lang>[a-z]{2}(-[A-Z]{2})?)/.*',
  '/(users|orders|catalog)(/.*)?',
  '/[^/]+/[^/]+/[^/]+',
  '([^/]+/)*x',
  '/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}',
  '/.+\\.(png|jpg|css)',
  '[\\w.-]+@[\\w.-]+',
  'a\\.b',
  '/\\(?<a>',
  '/[(?<a>]',
  '',
  'gzip|br|deflate',
];

describe('backtrackingMistake', () => {
  for (const source of bad) {
    test(`refuses ${source}`, () => {
      assert.equal(regExpMistake(source), undefined, 'it is a regular expression');
      assert.match(backtrackingMistake(source) ?? '', /can take very long/);
    });
  }
  for (const source of good) {
    test(`lets ${source || 'nothing'} pass`, () => {
      assert.equal(backtrackingMistake(source), undefined);
    });
  }

  test('what it lets pass is fast, on the longest path that a request can have', () => {
    const texts = ['/', 'a', '/a', 'a.', '-', '/v1/', 'Chrome', '\n'].map((piece) =>
      piece.repeat(8192).slice(0, 8192),
    );
    for (const source of good) {
      const regExp = new RegExp(`^(?:${source})$`, 's');
      const start = process.cpuUsage();
      for (const text of texts) for (const tail of ['', '\0', '!']) regExp.test(text + tail);
      const { user, system } = process.cpuUsage(start);
      // What backtracks takes hours; what does not takes a millisecond.
      assert.ok(user + system < 5_000_000, source);
    }
  });
});

describe('regExpMistake', () => {
  for (const source of ['[', '(', '(?<a>x)(?<a>y)', 'a**', '(?<1>x)', '']) {
    test(`refuses ${JSON.stringify(source)}`, () => {
      assert.notEqual(regExpMistake(source), undefined);
    });
  }
  test('cannot be tricked into closing the anchors', () => {
    assert.notEqual(regExpMistake('a)|(?:b'), undefined);
  });
  test('refuses more than 1000 characters', () => {
    assert.equal(regExpMistake('a'.repeat(1000)), undefined);
    assert.match(regExpMistake('a'.repeat(1001)) ?? '', /longer than 1000/);
  });
});

test('groupNames finds named groups, and no others', () => {
  assert.deepEqual(groupNames('/(?<a>x)/(?:y)/(z)/(?<=b)(?<!c)(?<_d1>.)\\(?<e>[(?<f>]'), ['a', '_d1']);
});
