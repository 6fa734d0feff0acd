import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFramingScene } from './framing-scene.ts';

const head = 'POST / HTTP/1.1\r\nHost: gw.test\r\nTransfer-Encoding: chunked\r\n\r\n';

const sizes = [
  ...[
    '0x5',
    '0X5',
    '+5',
    '-5',
    '-0',
    '5_0',
    '5 0',
    '5.',
    '5,',
    'g',
    'five',
    '',
    ' ',
    '\t',
    ' 5',
    '\t5',
    '5 ',
    '5\t',
    '5 \t',
    '\v5',
    '5\v',
    '5\0',
    '\x005',
    '５',
  ],
  ...['00000000000000005', '10000000000000000', 'FFFFFFFFFFFFFFFF5', 'f'.repeat(300)],
];

const breaks: Readonly<Record<string, string>> = {
  'a size line that ends in LF': '5\nhello\r\n0\r\n\r\n',
  'a size line that ends in CR': '5\rhello\r\n0\r\n\r\n',
  'a size line that ends in CR CR LF': '5\r\r\nhello\r\n0\r\n\r\n',
  'data that ends in LF': '5\r\nhello\n0\r\n\r\n',
  'data that ends in nothing': '5\r\nhello0\r\n\r\n',
  'data longer than its size': '3\r\nhello\r\n0\r\n\r\n',
  'data shorter than its size': '7\r\nhello\r\n0\r\n\r\n',
  'an empty line before the first size': '\r\n5\r\nhello\r\n0\r\n\r\n',
  'an empty line between chunks': '5\r\nhello\r\n\r\n0\r\n\r\n',
  'a last line that ends in LF': '5\r\nhello\r\n0\r\n\n',
  'a last chunk with a sign': '5\r\nhello\r\n+0\r\n\r\n',
};

test('F10: a chunk size that is no plain hexadecimal number is 400, closes, and no whole request reaches a target', async (t) => {
  const scene = await startFramingScene(t);
  for (const size of sizes) {
    await t.test(JSON.stringify(size.slice(0, 40)), async () => {
      const text = Buffer.from(`${head}${size}\r\nhello\r\n0\r\n\r\n`, size === '５' ? 'utf8' : 'latin1');
      await scene.assertRefused(text, { status: [400, 413], inBody: true });
    });
    await t.test(`${JSON.stringify(size.slice(0, 40))} for the second chunk`, async () => {
      const text = Buffer.from(
        `${head}1\r\nx\r\n${size}\r\nhello\r\n0\r\n\r\n`,
        size === '５' ? 'utf8' : 'latin1',
      );
      await scene.assertRefused(text, { status: [400, 413], inBody: true });
    });
  }
});

test('F10: chunks that do not end as they must are 400, close, and no whole request reaches a target', async (t) => {
  const scene = await startFramingScene(t);
  for (const [name, body] of Object.entries(breaks)) {
    await t.test(name, async () => {
      const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: gw.test\r\n\r\n';
      await scene.assertRefused(`${head}${body}${smuggled}`, { status: 400, inBody: true });
    });
  }
});

test('F10: chunks above the body limit are 413, and no whole request reaches a target', async (t) => {
  const scene = await startFramingScene(t, { limits: { body: '1kb' } });
  const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: gw.test\r\n\r\n';
  const client = await scene.connect();
  await client.send(`${head}800\r\n${'x'.repeat(0x800 - smuggled.length)}${smuggled}\r\n0\r\n\r\n`);
  assert.equal((await client.response()).status, 413);
  client.destroy();
  assert.deepEqual(scene.target.completeRequests, []);
  await scene.assertNextClientServed();
});

test('F10: a size that no body reaches is bounded by the limit of bodies, not by faith', async (t) => {
  const scene = await startFramingScene(t, { limits: { body: '1kb' } });
  for (const size of [
    'FFFFFFFFFFFFFFFF',
    '8000000000000000',
    '7FFFFFFFFFFFFFFF',
    '20000000000000',
    '100000000',
  ]) {
    const client = await scene.connect();
    await client.send(`${head}${size}\r\n${'x'.repeat(2000)}`);
    const response = await client.response();
    assert.ok(response.status === 413 || response.status === 400, `${size}: ${response.status}`);
    client.destroy();
    assert.deepEqual(scene.target.completeRequests, []);
  }
  await scene.assertNextClientServed();
});

test('F10: leading zeros and either case are plain hexadecimal, and sizes go on in one spelling', async (t) => {
  const scene = await startFramingScene(t);
  const request = await scene.assertForwarded(
    `${head}005\r\nhello\r\nB\r\n and world!\r\n0a\r\n0123456789\r\n000\r\n\r\n`,
  );
  assert.equal(request.body.toString(), 'hello and world!0123456789');
});
