import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SharedValues } from './shared-values.ts';

function closable(): { closed: number; close(): void } {
  return {
    closed: 0,
    close() {
      this.closed++;
    },
  };
}

test('what is shared is made once, and closed when the last one has given it back', () => {
  const share = new SharedValues().of('jwt');
  const first = share('keys', closable);
  const second = share('keys', () => assert.fail('made twice'));
  assert.equal(second.value, first.value);
  first.release();
  first.release();
  assert.equal(first.value.closed, 0);
  second.release();
  assert.equal(first.value.closed, 1);
  assert.notEqual(share('keys', closable).value, first.value);
});

test('policies do not share with each other, nor do other keys', () => {
  const values = new SharedValues();
  const { value } = values.of('a')('k', closable);
  assert.notEqual(values.of('b')('k', closable).value, value);
  assert.notEqual(values.of('a')('l', closable).value, value);
});

test('what could not be made is not shared', () => {
  const share = new SharedValues().of('a');
  assert.throws(() => share('k', () => assert.fail('broken')), /broken/);
  assert.equal(share('k', closable).value.closed, 0);
});
