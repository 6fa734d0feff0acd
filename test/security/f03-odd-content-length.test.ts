import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFramingScene } from './framing-scene.ts';

const refused = [
  ...[
    '+2',
    '-1',
    '-0',
    '0x2',
    '0b1',
    '0o2',
    '2 3',
    '1_0',
    '',
    ' ',
    '2;',
    '2.0',
    '2e0',
    '2a',
    'a',
    '"2"',
    "'2'",
    '2,',
    ',2',
  ],
  ...[
    '9007199254740992',
    '9007199254740993',
    '18446744073709551615',
    '18446744073709551616',
    '99999999999999999999',
    `1${'0'.repeat(400)}`,
  ],
  ...['\v2', '2\v', '\f2', '2\0', '\x002', '2\x7f', '\xa02', '2\x85', '\xb2', '002', '00'],
];

test('F3: a Content-Length that is no plain number is 400, closes, and nothing reaches a target', async (t) => {
  const scene = await startFramingScene(t);
  for (const value of refused) {
    await t.test(JSON.stringify(value.slice(0, 40)), async () => {
      const bytes = `POST / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: ${value}\r\n\r\nhello`;
      await scene.assertRefused(bytes, { status: 400 });
    });
  }
});

test('F3: a length above the body limit is 413 before anything of it is read', async (t) => {
  const scene = await startFramingScene(t);
  const bytes = `POST / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: 9007199254740991\r\n\r\nhello`;
  await scene.assertRefused(bytes, { status: 413, code: 'body_too_large' });
});

test('F3: white space around a length is not part of it, and does not go on', async (t) => {
  const scene = await startFramingScene(t);
  const request = await scene.assertForwarded(
    'POST / HTTP/1.1\r\nHost: gw.test\r\nContent-Length: \t 5 \r\n\r\nhello',
  );
  assert.deepEqual(request.all('content-length'), ['5']);
  assert.ok(scene.target.connections[0]?.bytes.includes('Content-Length: 5\r\n'));
});
