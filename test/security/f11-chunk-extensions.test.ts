import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFramingScene } from './framing-scene.ts';

const head = 'POST / HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n';
const tail = '\r\nhello\r\n0\r\n\r\n';

const malformed: Readonly<Record<string, string>> = {
  'with a LF': '5;a=b\nc',
  'that ends in LF': '5;a=b\nhello\r\n0\r\n\r\n',
  'with a CR': '5;a=b\rc',
  'with CR CR': '5;a\r\r',
  'with a NUL': '5;a=\0',
  'with a control byte': '5;a=\x01',
  'with DEL': '5;a=\x7f',
  'without a name': '5;',
  'with a bracket': '5;a[b]',
  'with a space in its name': '5;a b',
  'with quotes that never end': '5;a="b',
  'with a LF in quotes': '5;a="b\nc"',
  'with something behind its quotes': '5;a="b"c',
};

test('F11: a malformed chunk extension is 400, closes, and no whole request reaches a target', async (t) => {
  const scene = await startFramingScene(t);
  for (const [name, size] of Object.entries(malformed)) {
    await t.test(name, async () => {
      await scene.assertRefused(head + size + tail, { status: 400, inBody: true });
    });
  }
});

test('F11: chunk extensions without measure are refused', async (t) => {
  const scene = await startFramingScene(t);
  const inputs: Readonly<Record<string, string>> = {
    'one of 64 KB': `5;a=${'b'.repeat(65536)}`,
    'one of 64 KB in quotes': `5;a="${'b'.repeat(65536)}"`,
    'a name of 64 KB': `5;${'a'.repeat(65536)}`,
    'a hundred thousand': `5${';a=b'.repeat(100_000)}`,
  };
  for (const [name, size] of Object.entries(inputs)) {
    await t.test(name, async () => {
      await scene.assertRefused(head + size + tail, { status: [400, 413], inBody: true });
    });
  }
  await t.test('a kilobyte on each of many chunks of one octet', async () => {
    const chunk = `1;a=${'b'.repeat(2000)}\r\nx\r\n`;
    await scene.assertRefused(`${head}${chunk.repeat(50)}0\r\n\r\n`, { status: [400, 413], inBody: true });
  });
});

test('F11: well-formed chunk extensions are dropped', async (t) => {
  const scene = await startFramingScene(t);
  const body = '5;a\r\nhello\r\n1;a=b;c="d e";f\r\n!\r\n0;last=1\r\n\r\n';
  const request = await scene.assertForwarded(head + body);
  assert.equal(request.body.toString(), 'hello!');
  assert.deepEqual(request.chunkExtensions, []);
});
