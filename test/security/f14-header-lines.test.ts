import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFramingScene } from './framing-scene.ts';

const get = 'GET / HTTP/1.1\r\nHost: gw.test\r\n';

const inputs: Readonly<Record<string, string>> = {
  'a bare LF behind the request line': 'GET / HTTP/1.1\nHost: gw.test\r\n\r\n',
  'a bare LF behind a header line': 'GET / HTTP/1.1\r\nHost: gw.test\nX: y\r\n\r\n',
  'a bare LF at the end of the head': `${get}\n`,
  'bare LFs everywhere': 'GET / HTTP/1.1\nHost: gw.test\n\n',
  'a bare LF in a value': `${get}X: a\nb\r\n\r\n`,
  'a bare LF that starts a header': `${get}X: a\nTransfer-Encoding: chunked\r\n\r\n`,
  'a bare CR behind the request line': 'GET / HTTP/1.1\rHost: gw.test\r\n\r\n',
  'a bare CR behind a header line': 'GET / HTTP/1.1\r\nHost: gw.test\rX: y\r\n\r\n',
  'a bare CR in a value': `${get}X: a\rb\r\n\r\n`,
  'a bare CR at the end of a value': `${get}X: a\r\r\n\r\n`,
  'a bare CR in a name': `${get}X\rY: a\r\n\r\n`,
  'a bare CR at the end of the head': `${get}\rX`,
  'a NUL in a name': `${get}X\0: a\r\n\r\n`,
  'a NUL in a value': `${get}X: a\0b\r\n\r\n`,
  'a NUL before the request line': `\0${get}\r\n`,
  'a space before the colon': `${get}X : a\r\n\r\n`,
  'a tab before the colon': `${get}X\t: a\r\n\r\n`,
  'a space before the colon of Host': 'GET / HTTP/1.1\r\nHost : gw.test\r\n\r\n',
  'a line without a colon': `${get}NoColon\r\n\r\n`,
  'a line of spaces': `${get}   \r\n\r\n`,
  'an empty name': `${get}: a\r\n\r\n`,
  'only a colon': `${get}:\r\n\r\n`,
  'a space before the first line': 'GET / HTTP/1.1\r\n Host: gw.test\r\n\r\n',
  'a tab before the first line': 'GET / HTTP/1.1\r\n\tHost: gw.test\r\n\r\n',
  'a folded line': `${get}X: a\r\n b\r\n\r\n`,
  'a line folded by a tab': `${get}X: a\r\n\tb\r\n\r\n`,
  'a folded empty line': `${get}X:\r\n \r\n\r\n`,
  'a folded Host': 'GET / HTTP/1.1\r\nHost:\r\n gw.test\r\n\r\n',
  'a name in quotes': `${get}"X": a\r\n\r\n`,
  'a name in brackets': `${get}X[0]: a\r\n\r\n`,
  'a name with a slash': `${get}X/Y: a\r\n\r\n`,
  'a name with a comma': `${get}X,Y: a\r\n\r\n`,
  'a name with @': `${get}X@Y: a\r\n\r\n`,
  'a name with obs-text': `${get}X\xe9: a\r\n\r\n`,
  'a name with DEL': `${get}X\x7f: a\r\n\r\n`,
  'a space in a name': `${get}X Y: a\r\n\r\n`,
  'a control byte in a value': `${get}X: a\x01\r\n\r\n`,
  'a backspace in a value': `${get}X: a\b\r\n\r\n`,
  'a vertical tab in a value': `${get}X: \va\r\n\r\n`,
  'a form feed in a value': `${get}X: a\f\r\n\r\n`,
  'an escape in a value': `${get}X: a\x1b[31m\r\n\r\n`,
  'DEL in a value': `${get}X: a\x7f\r\n\r\n`,
  garbage: `\x00\xff\xfe\x80${'\x90'.repeat(100)}\r\n\r\n`,
  'a TLS hello': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n\r\n',
};

test('F14: a head that is not exactly lines of name, colon and value is 400, closes, and nothing reaches a target', async (t) => {
  const scene = await startFramingScene(t);
  for (const [name, text] of Object.entries(inputs)) {
    await t.test(name, async () => {
      await scene.assertRefused(Buffer.from(text, 'latin1'), { status: 400 });
    });
  }
});

test('F14: what is well-formed goes on as it is', async (t) => {
  const scene = await startFramingScene(t);
  const request = await scene.assertForwarded(
    Buffer.from(
      `${get}X-Empty:\r\nX-Space: \r\nX-Tabs:\t\ta\tb\t\r\nX-Latin: caf\xe9\r\n!#$%&'*+-.^\`|~1: token\r\nX-Last: \t \r\n\r\n`,
      'latin1',
    ),
  );
  assert.deepEqual(
    request.headers.filter(([name]) => name.startsWith('X-') && !/forwarded|real/i.test(name)),
    [
      ['X-Empty', ''],
      ['X-Space', ''],
      ['X-Tabs', 'a\tb'],
      ['X-Latin', 'caf\xe9'],
      ['X-Last', ''],
    ],
  );
  assert.equal(request.header("!#$%&'*+-.^`|~1"), 'token');
});

test('F14: two Authorization lines are 400', async (t) => {
  const scene = await startFramingScene(t);
  const bytes = `${get}Authorization: Basic YTpi\r\nauthorization: Basic Yzpk\r\n\r\n`;
  await scene.assertRefused(bytes, { status: 400 });
});
