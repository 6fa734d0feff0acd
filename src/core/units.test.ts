import { inspect } from 'node:util';
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { splitRemedy } from './remedy.ts';
import { duration, size } from './units.ts';

describe('duration', () => {
  const readings = [
    ['1ms', 1],
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5s', 1500],
    ['4.35s', 4350],
    ['1m', 60_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['0.001s', 1],
  ] as const;
  for (const [text, milliseconds] of readings) {
    test(`reads ${text} as ${milliseconds} ms`, () => {
      assert.equal(duration().parse(text), milliseconds);
    });
  }

  const refused = [
    '',
    '30',
    '30 s',
    '30S',
    '1M',
    's',
    '-1s',
    '+1s',
    '1e3s',
    '0x1s',
    '1.s',
    '.5s',
    '1s1s',
    '1s\n',
    '１s',
    '0.3ms',
  ];
  for (const text of refused) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      assert.ok(!duration().safeParse(text).success);
    });
  }

  for (const value of [
    30,
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
    undefined,
    true,
    [],
    {},
    10n,
    Symbol('s'),
  ]) {
    test(`refuses ${inspect(value)}, which is no text`, () => {
      const { error } = duration().safeParse(value);
      assert.equal(error?.issues.length, 1);
      assert.match(splitRemedy(error?.issues[0]?.message ?? '').remedy ?? '', /^write a duration/);
    });
  }

  test('says of a number without unit what was most likely meant', () => {
    const remedy = (value: unknown): string => duration().safeParse(value).error?.issues[0]?.message ?? '';
    assert.match(remedy(30), /such as 30s /);
    assert.match(remedy(5000), /such as 5000ms /);
    assert.match(remedy('75'), /"75" has no unit\n.*such as 75s /);
  });

  test('takes 0 only where it means off', () => {
    assert.equal(duration({ off: true }).parse(0), 0);
    assert.ok(!duration().safeParse(0).success);
    assert.ok(!duration({ off: true }).safeParse('0s').error?.issues[0]?.message.includes('undefined'));
  });

  test('keeps its bounds, both ends included', () => {
    const bounded = duration({ min: '1s', max: '1m' });
    assert.equal(bounded.parse('1s'), 1000);
    assert.equal(bounded.parse('60s'), 60_000);
    for (const text of ['999ms', '60001ms', '2m']) {
      assert.match(
        bounded.safeParse(text).error?.issues[0]?.message ?? '',
        /out of range\nwrite a duration from 1s to 1m$/,
      );
    }
  });

  test('fits into a timer of Node, however long', () => {
    assert.ok(!duration().safeParse('25d').success);
    assert.ok(duration().parse('24d') < 2 ** 31);
  });

  test('never throws, and never gives anything but a whole number in its bounds', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.anything(), fc.string(), fc.stringMatching(/^\d{1,20}(\.\d{0,12})?(ms|s|m|h|d)?$/)),
        (value) => {
          const { success, data } = duration({ off: true }).safeParse(value);
          assert.ok(!success || (Number.isSafeInteger(data) && data >= 0 && data <= 24 * 86_400_000));
        },
      ),
    );
  });
});

describe('size', () => {
  const readings = [
    ['512b', 512],
    ['64kb', 65_536],
    ['64KiB', 65_536],
    ['1.5kb', 1536],
    ['10mb', 10_485_760],
    ['10MB', 10_485_760],
    ['1gib', 1_073_741_824],
  ] as const;
  for (const [text, bytes] of readings) {
    test(`reads ${text} as ${bytes} bytes`, () => {
      assert.equal(size().parse(text), bytes);
    });
  }

  for (const text of ['', '10', '10 mb', '10m', '10mbit', '1.5b', '-1kb', '1tb']) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      assert.ok(!size().safeParse(text).success);
    });
  }
});
