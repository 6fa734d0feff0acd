import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPaint, wantsColor } from './paint.ts';

const terminal = { isTTY: true };
const pipe = {};

test('a terminal gets colours, a pipe and a dumb terminal do not', () => {
  assert.equal(wantsColor(terminal, { TERM: 'xterm' }), true);
  assert.equal(wantsColor(terminal, {}), true);
  assert.equal(wantsColor(terminal, { TERM: 'dumb' }), false);
  assert.equal(wantsColor(pipe, { TERM: 'xterm' }), false);
});

test('NO_COLOR takes them from a terminal, unless it is empty', () => {
  assert.equal(wantsColor(terminal, { NO_COLOR: '1' }), false);
  assert.equal(wantsColor(terminal, { NO_COLOR: '' }), true);
});

test('FORCE_COLOR decides alone', () => {
  assert.equal(wantsColor(pipe, { FORCE_COLOR: '1' }), true);
  assert.equal(wantsColor(pipe, { FORCE_COLOR: '', NO_COLOR: '1' }), true);
  assert.equal(wantsColor(terminal, { FORCE_COLOR: '0' }), false);
});

test('paint is text as it is where there are no colours', () => {
  assert.equal(createPaint(false)('red', 'x'), 'x');
  assert.equal(createPaint(true)('red', 'x'), '\x1b[31mx\x1b[39m');
});
