import assert from 'node:assert/strict';
import type { Report } from '../../src/import/report.ts';

const groups = ['translated', 'approximated', 'leftOut'] as const;

/** Which groups speak of something, by its line and by what it is called there; `x*` is how that begins. */
function groupsOf(report: Report, line: number, subject: string): string[] {
  return groups.filter((group) =>
    report[group].some(
      ({ what, place }) =>
        place?.line === line &&
        (subject.endsWith('*') ? what.startsWith(subject.slice(0, -1)) : what === subject),
    ),
  );
}

/** One thing that a source says: its line, and what it is called. */
export type Saying = readonly [line: number, subject: string];

/** Asserts that each of these is in exactly one group of a report, and nothing at all in two. */
export function assertSaid(report: Report, sayings: readonly Saying[], source: string): void {
  const shown = (): string => `${source}\n${JSON.stringify(report, undefined, 1)}`;
  for (const [line, subject] of sayings)
    assert.equal(groupsOf(report, line, subject).length, 1, `${line}: ${subject}\n${shown()}`);
  const seen = new Map<string, string>();
  for (const group of groups) {
    for (const { what, place } of report[group]) {
      const key = JSON.stringify([what, place?.line]);
      assert.equal(seen.get(key) ?? group, group, `${key} is in two groups\n${shown()}`);
      seen.set(key, group);
    }
  }
}
