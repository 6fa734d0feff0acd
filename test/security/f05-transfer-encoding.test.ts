import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFramingScene } from './framing-scene.ts';

const malformed = [
  ...[
    'xchunked',
    'chunkedx',
    'chunk',
    'chunked, identity',
    'chunked, chunked',
    'chunked,chunked',
    'identity, chunked',
    'chunked gzip',
  ],
  ...[
    '"chunked"',
    "'chunked'",
    'chunked;q=1',
    'chunked; a',
    'cow',
    '\vchunked',
    '\fchunked',
    'chunked\v',
    '\0chunked',
    'chunked\0',
    'ch\x96nked',
    'chunked\x85',
  ],
  ...[
    'gzip, chunked',
    'deflate,chunked',
    ',chunked',
    'chunked,',
    ', chunked',
    'chunked ,',
    ',',
    '',
    ' ',
    '\t',
  ],
];

const lines: Readonly<Record<string, string>> = {
  'two lines': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
  'two lines, the first empty': 'Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n',
  'two lines, the second another coding': 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
  'a folded line': 'Transfer-Encoding:\r\n chunked\r\n',
  'a folded line behind it': 'Transfer-Encoding: chunked\r\n , identity\r\n',
  'a space before the colon': 'Transfer-Encoding : chunked\r\n',
  'a tab before the colon': 'Transfer-Encoding\t: chunked\r\n',
  'a bare LF before the value': 'Transfer-Encoding:\nchunked\r\n',
  'a bare CR before the value': 'Transfer-Encoding:\rchunked\r\n',
};

test('F5, F6: a Transfer-Encoding that is not exactly one "chunked" is refused, closes, and nothing reaches a target', async (t) => {
  const scene = await startFramingScene(t);
  for (const value of malformed) {
    await t.test(JSON.stringify(value), async () => {
      const bytes = `POST / HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: ${value}\r\n\r\n0\r\n\r\n`;
      await scene.assertRefused(bytes, { status: 400 });
    });
  }
  for (const [name, text] of Object.entries(lines)) {
    await t.test(name, async () => {
      await scene.assertRefused(`POST / HTTP/1.1\r\nHost: gw.test\r\n${text}\r\n0\r\n\r\n`, { status: 400 });
    });
  }
});

test('F6: a transfer coding that is not known is 501', async (t) => {
  const scene = await startFramingScene(t);
  for (const coding of [
    'gzip',
    'deflate',
    'compress',
    'identity',
    'GZip',
    'gzip\r\nTransfer-Encoding: chunked',
  ]) {
    await t.test(coding, async () => {
      const bytes = `POST / HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: ${coding}\r\n\r\n0\r\n\r\n`;
      await scene.assertRefused(bytes, { status: 501 });
    });
  }
});

test('F7: Transfer-Encoding on HTTP/1.0 is 400, closes, and nothing reaches a target', async (t) => {
  const scene = await startFramingScene(t);
  for (const more of ['', 'Connection: keep-alive\r\n', 'Content-Length: 5\r\n']) {
    await t.test(JSON.stringify(more), async () => {
      const bytes = `POST / HTTP/1.0\r\nHost: gw.test\r\n${more}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`;
      await scene.assertRefused(bytes, { status: 400, code: 'bad_framing' });
    });
  }
});

test('F5: "chunked" in any letters with white space around it is understood, and goes on in one spelling', async (t) => {
  const scene = await startFramingScene(t);
  for (const value of ['chunked', 'Chunked', 'CHUNKED', 'chunked ', '\tchunked', '  chunked  ']) {
    const bytes = `POST / HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: ${value}\r\n\r\n5\r\nhello\r\n0\r\n\r\n`;
    const request = await scene.assertForwarded(bytes);
    assert.equal(request.body.toString(), 'hello');
    assert.deepEqual(request.all('transfer-encoding'), ['chunked']);
  }
});
