import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ReportMask } from './mask.ts';

const token = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.abc';
const mask = new ReportMask({ API_TOKEN: 'hush-hush', REGION: 'eu-west-1', PASSWORD: 'abc' });

test('secrets of the environment are masked wherever they come up', () => {
  assert.equal(mask.text('x-a: hush-hush!'), 'x-a: ***!');
  assert.equal(mask.text('eu-west-1'), 'eu-west-1');
});

test('a short one is all over other texts, and stays', () => {
  assert.equal(mask.text('abcdef'), 'abcdef');
});

test('tokens are masked in any text', () => {
  assert.equal(mask.text(`got ${token}`), 'got ***');
});

test('secret parameters of a query are masked in a line', () => {
  assert.equal(mask.line('GET /a?access_token=1&b=2 to api'), 'GET /a?access_token=***&b=2 to api');
});

test('headers and keys of bodies whose names promise a secret show how long they are', () => {
  for (const path of [
    ['upstream', 'headers', 'Authorization'],
    ['headers', 'set-cookie', 0],
    ['body', 'user', 'password'],
  ])
    assert.deepEqual(mask.difference({ path, expected: 'one', found: 'three' }), {
      path,
      expected: '*** (3 characters)',
      found: '*** (5 characters)',
    });
});

test('other differences are shown', () => {
  const difference = { path: ['headers', 'x-name'], expected: 'a', found: undefined };
  assert.deepEqual(mask.difference(difference), difference);
  assert.equal(
    mask.difference({ path: ['upstream', 'request'], expected: 'GET /?sig=1', found: undefined }).expected,
    'GET /?sig=***',
  );
});
