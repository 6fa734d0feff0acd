import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReportWriter } from './report.ts';

const place = { file: 'f', line: 1 };
const counts = ({ translated, approximated, leftOut }: ReportWriter): readonly number[] => [
  translated.length,
  approximated.length,
  leftOut.length,
];

describe('a report', () => {
  it('has the worst verdict on a thing, in whatever order they come', () => {
    for (const order of ['tal', 'lat', 'atl']) {
      const report = new ReportWriter();
      for (const each of order) {
        if (each === 't') report.translate('x', 'y', place);
        else if (each === 'a') report.approximate('x', 'y', 'z', place);
        else report.leaveOut('x', 'y', 'z', place);
      }
      assert.deepEqual(counts(report), [0, 0, 1], order);
      assert.deepEqual(JSON.parse(JSON.stringify(report)), {
        translated: [],
        approximated: [],
        leftOut: [{ what: 'x', why: 'y', remedy: 'z', place }],
        secrets: [],
      });
    }
    const report = new ReportWriter();
    report.approximate('x', 'y', 'z', place);
    report.translate('x', 'y', place);
    assert.deepEqual(counts(report), [0, 1, 0]);
  });

  it('says the same once, and different things of one apart', () => {
    const report = new ReportWriter();
    report.leaveOut('x', 'one', 'r', place);
    report.leaveOut('x', 'one', 'r', place);
    report.leaveOut('x', 'two', 'r', place);
    report.translate('x', 'y', { file: 'f', line: 2 });
    report.translate('x', 'y');
    assert.deepEqual(counts(report), [2, 0, 2]);
  });
});
