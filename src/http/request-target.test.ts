import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { emptyRequestTarget, parseRequestTarget, readRequestTarget } from './request-target.ts';

const target = (path: string, query?: string, authority?: string) => ({ authority, path, query });

describe('parseRequestTarget', () => {
  it('reads the origin-form', () => {
    assert.deepEqual(parseRequestTarget('/'), target('/'));
    assert.deepEqual(parseRequestTarget('/a/b'), target('/a/b'));
    assert.deepEqual(parseRequestTarget('/a?b=c&d'), target('/a', 'b=c&d'));
    assert.deepEqual(parseRequestTarget('/?'), target('/', ''));
    assert.deepEqual(parseRequestTarget('//evil/x'), target('//evil/x'));
    assert.deepEqual(parseRequestTarget('/http://a/?b=http://c/?d'), target('/http://a/', 'b=http://c/?d'));
  });

  it('reads the absolute-form and leaves the authority to parseHost', () => {
    assert.deepEqual(parseRequestTarget('http://a/b?c'), target('/b', 'c', 'a'));
    assert.deepEqual(parseRequestTarget('HTTPS://A:1/'), target('/', undefined, 'A:1'));
    assert.deepEqual(parseRequestTarget('http://a'), target('/', undefined, 'a'));
    assert.deepEqual(parseRequestTarget('http://a?b/c'), target('/', 'b/c', 'a'));
    assert.deepEqual(parseRequestTarget('http://[::1]:80//x'), target('//x', undefined, '[::1]:80'));
  });

  it('reads the asterisk-form, whose method the caller checks', () => {
    assert.deepEqual(parseRequestTarget('*'), target('*'));
    assert.equal(parseRequestTarget('**'), undefined);
    assert.equal(parseRequestTarget('*?a'), undefined);
  });

  it('F45: refuses a fragment anywhere and keeps a question mark in the query', () => {
    for (const text of ['/a#b', '/a?b#c', '/#', 'http://a#b', 'http://a/#b', 'http://a?b#c']) {
      assert.equal(parseRequestTarget(text), undefined, text);
    }
    assert.deepEqual(parseRequestTarget('/a?b?c%23'), target('/a', 'b?c%23'));
  });

  it('refuses other forms, schemes, userinfo and an empty authority', () => {
    const refused = [
      ...words('a a:80 a.example:443 ?a ftp://a/ http:/a http:a httpx://a/ ws://a/ file:///etc http://'),
      ...words('http:///a http://?a http://u@a/ http://u:p@a/ http://a@ \\a'),
      '',
      'http:// a/',
      'http://a\x7f/',
    ];
    for (const text of refused) assert.equal(parseRequestTarget(text), undefined, text);
  });

  it('refuses a query with anything but visible ASCII', () => {
    for (const query of [' ', 'a b', '\t', '\x00', '\r\n', '\x7f', '\x80', 'é', '\u0141']) {
      assert.equal(parseRequestTarget(`/a?${query}`), undefined, JSON.stringify(query));
    }
    assert.deepEqual(parseRequestTarget('/a?!~'), target('/a', '!~'));
    assert.equal(parseRequestTarget('http://a b/'), undefined);
    assert.equal(parseRequestTarget('http://a!/')?.authority, 'a!');
    assert.deepEqual(parseRequestTarget('/a?"<>[]^`{|}\\%zz'), target('/a', '"<>[]^`{|}\\%zz'));
  });

  it('leaves nothing of the previous target in an object that is used again', () => {
    const out = emptyRequestTarget();
    assert.equal(readRequestTarget('http://a/b?c', out), true);
    assert.equal(readRequestTarget('/d', out), true);
    assert.deepEqual(out, target('/d'));
    assert.equal(readRequestTarget('http://a/b?c', out), true);
    assert.equal(readRequestTarget('*', out), true);
    assert.deepEqual(out, target('*'));
    assert.equal(readRequestTarget('/x?y', out), true);
    assert.equal(readRequestTarget('http://h', out), true);
    assert.deepEqual(out, target('/', undefined, 'h'));
  });
});

/** The words of a text, to keep long lists of samples readable. */
function words(text: string): string[] {
  return text.split(' ');
}
