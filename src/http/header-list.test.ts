import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import * as fc from 'fast-check';
import { HeaderList } from './header-list.ts';
import { LookAlikes } from './look-alikes.ts';

/** A list as a parser makes it. The separator and the space behind the value are what a line was received with. */
function received(
  lines: readonly (readonly [name: string, value: string, separator?: string, tail?: string])[],
): HeaderList {
  let text = 'GET / HTTP/1.1\r\n';
  const spans: number[] = [];
  for (const [name, value, separator = ': ', tail = ''] of lines) {
    const start = text.length;
    const valueStart = start + name.length + separator.length;
    spans.push(start, start + name.length, valueStart, valueStart + value.length);
    text += `${name}${separator}${value}${tail}\r\n`;
  }
  return new HeaderList(`${text}\r\n`, spans);
}

describe('HeaderList', () => {
  it('removes look-alikes of names, received or added, and counts them', () => {
    const list = received([
      ['X-User', 'a'],
      ['Accept', 'b'],
      ['x.USER', 'c'],
    ]);
    list.delete('accept');
    list.append('X_User', 'd');
    list.append('x-users', 'e');
    assert.equal(list.deleteLookAlikes(new LookAlikes(['accept'])), 0);
    assert.equal(list.deleteLookAlikes(new LookAlikes(['x-user'])), 3);
    assert.equal(list.serialize(), 'x-users: e\r\n');
    assert.equal(list.deleteLookAlikes(new LookAlikes(['x-user'])), 0);
  });

  it('keeps lines in order, as received, and looks names up without regard to case', () => {
    const list = received([
      ['Host', 'a'],
      ['Set-Cookie', 'x=1'],
      ['SET-COOKIE', 'y=2'],
    ]);
    assert.equal(list.size, 3);
    assert.equal(list.get('host'), 'a');
    assert.equal(list.get('set-cookie'), 'x=1');
    assert.deepEqual(list.getAll('set-cookie'), ['x=1', 'y=2']);
    assert.deepEqual(list.getAll('cookie'), []);
    assert.equal(list.has('hos'), false);
    assert.deepEqual(
      [...list].map(([name]) => name),
      ['Host', 'Set-Cookie', 'SET-COOKIE'],
    );
    assert.equal(list.serialize(), 'Host: a\r\nSet-Cookie: x=1\r\nSET-COOKIE: y=2\r\n');
  });

  it('writes a line with odd spacing anew, and keeps its neighbours', () => {
    const list = received([
      ['A', '1'],
      ['B', '2', ':'],
      ['C', '3', ':\t '],
      ['D', '4', ': ', '  '],
      ['E', ''],
      ['F', '', ':'],
      ['G', '7'],
    ]);
    assert.equal(list.serialize(), 'A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: \r\nF: \r\nG: 7\r\n');
  });

  it('F62: names of object members are names as any other', () => {
    const list = received([['__proto__', 'x']]);
    list.append('constructor', 'y');
    assert.equal(list.get('__proto__'), 'x');
    assert.equal(list.get('constructor'), 'y');
    assert.equal(list.get('tostring'), undefined);
    assert.equal(list.get('hasownproperty'), undefined);
    assert.equal(Reflect.get({}, 'x'), undefined);
  });

  it('behaves as a plain array of pairs does, whatever is done to it', () => {
    const name = fc.constantFrom('A', 'a', 'Bc', 'bC', 'x-y', 'X-Y', 'A[', 'a{');
    const value = fc.constantFrom('', '1', 'a: b', 'x y', 'é');
    const line = fc.tuple(name, value, fc.constantFrom(': ', ':', ':  '), fc.constantFrom('', ' '));
    const edit = fc.oneof(
      fc.tuple(fc.constant('append' as const), name, value),
      fc.tuple(fc.constant('set' as const), name, value),
      fc.tuple(fc.constant('delete' as const), name, value),
      fc.tuple(fc.constant('deleteWhere' as const), name, value),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), fc.array(edit, { maxLength: 8 }), (lines, edits) => {
        const list = received(lines);
        let model = lines.map(([lineName, lineValue]): [string, string] => [lineName, lineValue]);
        const without = (key: string) => model.filter(([lineName]) => asciiLower(lineName) !== key);
        for (const [operation, editName, editValue] of edits) {
          const key = asciiLower(editName);
          const before = model.length;
          if (operation !== 'append') model = without(key);
          if (operation === 'delete') assert.equal(list.delete(key), model.length < before);
          if (operation === 'deleteWhere')
            assert.equal(
              list.deleteWhere((candidate) => candidate === key),
              model.length < before,
            );
          if (operation === 'append') list.append(editName, editValue);
          if (operation === 'set') list.set(editName, editValue);
          if (operation === 'append' || operation === 'set') model.push([editName, editValue]);
        }
        assert.deepEqual([...list], model);
        assert.equal(list.size, model.length);
        assert.equal(
          list.serialize(),
          model.map(([lineName, lineValue]) => `${lineName}: ${lineValue}\r\n`).join(''),
        );
        for (const [lineName] of model) {
          const key = asciiLower(lineName);
          const values = model
            .filter(([candidate]) => asciiLower(candidate) === key)
            .map(([, lineValue]) => lineValue);
          assert.deepEqual(list.getAll(key), values);
          assert.equal(list.get(key), values[0]);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

it('brings back the lines that it had when it was copied', () => {
  const text = 'a: 1\r\nb: 2\r\n';
  const list = new HeaderList(text, [0, 1, 3, 4, 6, 7, 9, 10]);
  list.append('c', '3');
  const before = list.serialize();
  const copy = list.copy();
  assert.equal(list.isAs(copy), true);
  list.delete('a');
  assert.equal(list.isAs(copy), false, 'a received line is gone');
  list.delete('c');
  list.append('d', '4');
  assert.equal(copy.serialize(), before, 'a copy does not change with the list');
  list.restore(copy);
  assert.equal(list.isAs(copy), true);
  list.append('e', '5');
  assert.equal(list.isAs(copy), false, 'there is another line');
  assert.equal(list.serialize(), `${before}e: 5\r\n`);
  list.restore(copy);
  assert.equal(list.serialize(), before, 'more than once');
  const bare = new HeaderList(text, [0, 1, 3, 4, 6, 7, 9, 10]);
  const bareCopy = bare.copy();
  bare.append('c', '3');
  assert.equal(bare.isAs(bareCopy), false);
  bare.set('a', '2');
  bare.restore(bareCopy);
  assert.equal(bare.serialize(), text);
});

function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (char) => char.toLowerCase());
}
