import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isFieldName, isFieldValue, isToken, parseTokenList } from './field.ts';
import { isHopByHop } from './hop-by-hop.ts';

describe('fields', () => {
  it('a token is one character of RFC 9110 §5.6.2 or more', () => {
    for (let code = 0; code < 300; code++) {
      const char = String.fromCharCode(code);
      const expected = /^[!#$%&'*+.^_`|~0-9A-Za-z-]$/.test(char);
      assert.equal(isToken(char), expected, `U+${code.toString(16)}`);
      assert.equal(isFieldName(`x${char}`), expected, `U+${code.toString(16)}`);
    }
    assert.equal(isToken(''), false);
    assert.equal(isFieldName('content-type'), true);
  });

  it('F63: a value holds no control but tab, and nothing beyond latin1', () => {
    for (let code = 0; code < 300; code++) {
      const expected = code === 9 || (code >= 0x20 && code !== 0x7f && code <= 0xff);
      assert.equal(isFieldValue(`a${String.fromCharCode(code)}b`), expected, `U+${code.toString(16)}`);
    }
    assert.equal(isFieldValue(''), true);
    for (const value of ['\r', '\n', '\0', '\rx', 'x\n']) assert.equal(isFieldValue(value), false);
  });

  it('a token list is trimmed, in lower case, without its empty members', () => {
    assert.deepEqual(parseTokenList('close, X-Foo\t,,  Keep-Alive ,'), ['close', 'x-foo', 'keep-alive']);
    assert.deepEqual(parseTokenList(''), []);
    assert.deepEqual(parseTokenList(' , ,'), []);
    assert.deepEqual(parseTokenList('trailers;q=0'), ['trailers;q=0']);
    assert.deepEqual(parseTokenList('a b,\u00a0c'), ['a b', '\u00a0c']);
    assert.equal(parseTokenList(','.repeat(16384)).length, 0);
  });

  it('F62: names of object members are names as any other', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
      assert.equal(isFieldName(name), true);
      assert.equal(isHopByHop(name), false);
      assert.deepEqual(parseTokenList(name), [name.toLowerCase()]);
    }
  });

  it('F55: every hop-by-hop field is known as such, and no end-to-end field is', () => {
    const fields = [
      ...words('connection keep-alive proxy-connection te trailer transfer-encoding upgrade'),
      ...words('proxy-authorization proxy-authenticate proxy-authentication-info http2-settings'),
    ];
    for (const name of fields) assert.equal(isHopByHop(name), true, name);
    for (const name of ['authorization', 'content-length', 'cookie', 'host', 'via', ''])
      assert.equal(isHopByHop(name), false, name);
  });
});

/** The words of a text, to keep long lists of samples readable. */
function words(text: string): string[] {
  return text.split(' ');
}
