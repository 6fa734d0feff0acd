import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import {
  checkLines,
  classify,
  isRemovable,
  LINES_OK,
  parseContentLength,
  SEEN,
  spells,
} from './header-lines.ts';

/** A head of these lines, and where llhttp would say that names and values lie. */
function head(...lines: readonly string[]): { text: string; spans: number[] } {
  let text = '';
  const spans: number[] = [];
  for (const line of lines) {
    const colon = line.indexOf(':');
    const value = line.slice(colon + 1).trim();
    const valueStart = text.length + colon + 1 + line.slice(colon + 1).search(/\S|$/);
    spans.push(text.length, text.length + colon, valueStart, valueStart + value.length);
    text += `${line}\r\n`;
  }
  return { text: `${text}\r\n`, spans };
}

describe('checkLines', () => {
  it('accepts lines that follow one another without a gap, and trims their values', () => {
    const { text, spans } = head('Host: gw.test', 'A:b', 'Empty:', 'Spaces:   ', 'Tabs:\t x y \t');
    assert.equal(checkLines(text, spans, 0), LINES_OK);
    const values: string[] = [];
    for (let i = 0; i < spans.length; i += 4) values.push(text.slice(spans[i + 2], spans[i + 3]));
    assert.deepEqual(values, ['gw.test', 'b', '', '', 'x y']);
  });

  it('accepts a head without lines', () => {
    assert.equal(checkLines('\r\n', [], 0), LINES_OK);
  });

  for (const [what, text, spans] of [
    ['an octet in front of a name', ' A: b\r\n\r\n', [1, 2, 4, 5]],
    ['a space behind a name', 'A : b\r\n\r\n', [0, 1, 4, 5]],
    ['no name', ': b\r\n\r\n', [0, 0, 2, 3]],
    ['an octet behind a value that the parser left out', 'A: b c\r\n\r\n', [0, 1, 3, 4]],
    ['a bare CR behind a value', 'A: b\r\r\n\r\n', [0, 1, 3, 4]],
    ['a bare LF behind a value', 'A: b\n\r\n', [0, 1, 3, 4]],
    ['a folded line', 'A: b\r\n c\r\n\r\n', [0, 1, 3, 4]],
    ['a line that the parser did not report', 'A: b\r\nC: d\r\n\r\n', [0, 1, 3, 4]],
    ['no empty line', 'A: b\r\n', [0, 1, 3, 4]],
    ['octets behind the empty line', 'A: b\r\n\r\nx', [0, 1, 3, 4]],
  ] as const) {
    it(`finds ${what}`, () => {
      assert.notEqual(checkLines(text, [...spans], 0), LINES_OK);
    });
  }
});

describe('classify', () => {
  const names: Readonly<Record<string, number>> = {
    connection: SEEN.CONNECTION,
    'keep-alive': SEEN.KEEP_ALIVE,
    'transfer-encoding': SEEN.TRANSFER_ENCODING,
    'content-length': SEEN.CONTENT_LENGTH,
    host: SEEN.HOST,
    upgrade: SEEN.UPGRADE,
    te: SEEN.TE,
    expect: SEEN.EXPECT,
    via: SEEN.VIA,
    forwarded: SEEN.FORWARDED,
    'x-real-ip': SEEN.FORWARDED,
    'x-forwarded-for': SEEN.FORWARDED,
    'x-forwarded-host': SEEN.FORWARDED,
    'x-forwarded-port': SEEN.FORWARDED,
    'x-forwarded-proto': SEEN.FORWARDED,
    'x-forwarded-scheme': SEEN.FORWARDED,
    'x-forwarded-server': SEEN.FORWARDED,
    'x-forwarded-prefix': SEEN.FORWARDED,
    authorization: SEEN.AUTHORIZATION,
    date: SEEN.DATE,
    'proxy-connection': SEEN.HOP,
    'proxy-authorization': SEEN.HOP,
    'proxy-authenticate': SEEN.HOP,
    'proxy-authentication-info': SEEN.HOP,
    trailer: SEEN.HOP,
    'http2-settings': SEEN.HOP,
  };

  for (const [name, bit] of Object.entries(names)) {
    it(`knows ${name} in any case, and nothing one letter off`, () => {
      for (const spelling of [name, name.toUpperCase(), `${name[0]?.toUpperCase()}${name.slice(1)}`]) {
        assert.equal(classify(`xx${spelling}: y`, 2, 2 + spelling.length), bit, spelling);
      }
      for (const other of [`${name}s`, name.slice(1), `${name.slice(0, -1)}_`, `x${name.slice(1)}x`]) {
        assert.equal(classify(other, 0, other.length), 0, other);
      }
    });
  }

  it('knows no other name', () => {
    for (const name of ['', 'a', 'x-forwarded-foo', 'cookie', '__proto__', 'content_length']) {
      assert.equal(classify(name, 0, name.length), 0, name);
    }
  });
});

describe('spells', () => {
  it('ignores the case of ASCII letters and of nothing else', () => {
    assert.ok(spells('a-KEY', 2, 'key'));
    assert.ok(!spells('a-KE', 2, 'key'));
    assert.ok(!spells('K\x05Y', 0, 'k%y'));
    assert.ok(!spells('[', 0, '{'));
  });
});

describe('parseContentLength', () => {
  const read = (value: string): number => parseContentLength(`x${value}y`, 1, 1 + value.length);

  for (const [value, length] of [
    ['0', 0],
    ['2', 2],
    ['10', 10],
    ['1234567890', 1_234_567_890],
    ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ] as const) {
    it(`reads ${value}`, () => assert.equal(read(value), length));
  }

  for (const value of [
    '',
    '+2',
    '-1',
    '-0',
    '0x2',
    '2 3',
    '2,2',
    '2, 2',
    '1_0',
    '1e2',
    '2.0',
    ' 2',
    '002',
    '00',
    '٣',
    '9007199254740992',
    '18446744073709551616',
    '99999999999999999999',
  ]) {
    it(`refuses ${JSON.stringify(value)}`, () => assert.equal(read(value), -1));
  }

  it('reads every safe integer in its plain spelling, and nothing else', () => {
    fc.assert(fc.property(fc.maxSafeNat(), (length) => read(String(length)) === length));
    fc.assert(
      fc.property(
        fc.string({ maxLength: 18 }),
        (text) =>
          read(text) ===
          (/^(0|[1-9]\d*)$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : -1),
      ),
    );
  });
});

describe('isRemovable', () => {
  it('is true for fields that nobody relies on', () => {
    for (const name of ['x-hop', 'foo', 'keep-alive', 'trailer', 'upgrade'])
      assert.ok(isRemovable(name), name);
  });

  it('is false for what is meant for the other end, or says who asks', () => {
    for (const name of [
      'authorization',
      'cookie',
      'host',
      'content-length',
      'transfer-encoding',
      'via',
      'x-forwarded-for',
      'x-forwarded-anything',
      'x-real-ip',
      'forwarded',
      'set-cookie',
      'location',
      'sec-websocket-key',
      'x-request-id',
    ]) {
      assert.ok(!isRemovable(name), name);
    }
  });
});
