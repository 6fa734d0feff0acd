import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesText, readTextMatch, textMatch, textMatchAsWritten } from './text-match.ts';

function fits(written: unknown, text: string | undefined): boolean {
  return matchesText(textMatch.parse(written), text);
}

test('a text is compared exactly', () => {
  assert.ok(fits('orders', 'orders'));
  assert.ok(!fits('orders', 'Orders'));
  assert.ok(!fits('orders', undefined));
  assert.ok(fits('', ''));
});

test('numbers and truth values stand for their text', () => {
  assert.ok(fits(60, '60'));
  assert.ok(fits(true, 'true'));
});

test('null is what is not there', () => {
  assert.ok(fits(null, undefined));
  assert.ok(!fits(null, ''));
});

test('what stands between slashes is a regular expression that is looked for', () => {
  assert.ok(fits('/^[0-9a-f-]{36}$/', '0f1e2d3c-0000-4000-8000-000000000000'));
  assert.ok(fits('/DER/i', 'orders'));
  assert.ok(!fits('/DER/', 'orders'));
  assert.ok(fits('/a.b/s', 'a\nb'));
  assert.ok(fits('/A.b/si', 'a\nb') && fits('/^b$/m', 'a\nb'));
  assert.ok(fits('/[/]v2\\/orders/', '/v2/orders'));
  assert.ok(!fits('/a/', undefined));
});

test('a path is no regular expression, even with a slash at its end', () => {
  for (const path of ['/', '//', '/v2/orders/', '/v2/orders', '/a/b', '/a/g', '/a/ii'])
    assert.deepEqual(readTextMatch(path), { type: 'exact', text: path });
});

test('a regular expression that is none, or can take very long, is a mistake', () => {
  for (const [text, mistake] of [
    ['/(/', /not a regular expression/],
    ['/(a+)+$/', /can take very long/],
  ] as const) {
    const found = readTextMatch(text);
    assert.ok(typeof found === 'string', text);
    assert.match(found, mistake);
    assert.doesNotMatch(found, /without slashes/);
  }
});

test('is shown as it stands in the file', () => {
  for (const text of ['orders', '/^a\\/b$/i']) assert.equal(textMatchAsWritten(textMatch.parse(text)), text);
});
