import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentOf } from './chunk-content.ts';

test('chunks of one read become one piece, without a copy of the first and without touching what follows', () => {
  const read = Buffer.from('3\r\nabc\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\nGET /');
  const content = contentOf(read, [3, 6, 11, 13, 18, 19]);
  assert.equal(content?.toString(), 'abcdef');
  assert.equal(content?.buffer, read.buffer);
  assert.ok(read.toString().endsWith('0\r\n\r\nGET /'));
});

test('a single chunk is handed over where it stands', () => {
  const read = Buffer.from('5\r\nhello\r\n');
  assert.equal(contentOf(read, [3, 8])?.toString(), 'hello');
  assert.equal(read.toString(), '5\r\nhello\r\n');
});

test('no data is nothing', () => {
  assert.equal(contentOf(Buffer.from('5\r\n'), []), undefined);
});
