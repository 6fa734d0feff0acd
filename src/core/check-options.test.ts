import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkOptions, flagOption, functionOption, objectWith, oneOf, textOption } from './check-options.ts';

const kinds = {
  watch: flagOption,
  onReady: functionOption,
  prefix: textOption,
  url: oneOf('mounted', 'original'),
  logger: objectWith('info', 'warn'),
};
const check = (options: unknown) => (): void => {
  checkOptions('make', options, kinds, (name) => (name === 'listen' ? 'say it elsewhere' : undefined));
};

test('options that make sense pass, and those that are undefined are left out', () => {
  check({})();
  check({
    watch: false,
    onReady: check,
    prefix: '',
    url: 'original',
    logger: console,
    ...{ x: undefined },
  })();
});

test('an option that nobody knows is refused by name, with the one that was meant', () => {
  assert.throws(
    check({ onready: check }),
    new TypeError('make: "onready" is no option: did you mean onReady?'),
  );
  assert.throws(
    check({ __proto__: null, constructor: 1 }),
    new TypeError('make: "constructor" is no option: there are watch, onReady, prefix, url, logger'),
  );
  assert.throws(check({ listen: 3000 }), new TypeError('make: "listen" is no option: say it elsewhere'));
});

test('a value that an option cannot have is shown, with what it can be', () => {
  for (const [options, message] of [
    [{ watch: 'no' }, 'make: watch is "no": write true or false'],
    [{ onReady: null }, 'make: onReady is nothing: write a function'],
    [{ prefix: ['/api'] }, 'make: prefix is a list: write a text'],
    [{ url: 'full' }, 'make: url is "full": write "mounted" or "original"'],
    [
      { logger: { info: 1, warn: check } },
      'make: logger is keys and values: write an object with the functions info, warn',
    ],
  ] as const)
    assert.throws(check(options), new TypeError(message));
});

test('what is no object with options is said to be none', () => {
  for (const [options, found] of [
    [undefined, 'nothing'],
    ['waygate.yaml', '"waygate.yaml"'],
    [[], 'a list'],
    [check, 'a function'],
  ] as const)
    assert.throws(check(options), new TypeError(`make: it takes an object with options, not ${found}`));
});

test('all mistakes are said at once', () => {
  assert.throws(
    check({ wach: false, url: 1 }),
    new TypeError(
      'make: the options have 2 mistakes\n  "wach" is no option: did you mean watch?\n  url is 1: write "mounted" or "original"',
    ),
  );
});
