import type { ReportWriter } from '../report.ts';
import { entriesOf, type Tree } from './yaml-tree.ts';

/** Leaves out the keys of a mapping that nobody reads: their values may be secret, and are not shown. */
export function reportOthers(
  tree: Tree | undefined,
  read: readonly string[],
  what: string,
  report: ReportWriter,
  why = 'there is nothing known by this name, or nothing for it',
  remedy = 'look whether it is needed; docs/policies.md and docs/configuration.md list what there is',
): void {
  for (const [key, { place }] of entriesOf(tree))
    if (!read.includes(key)) report.leaveOut(`${what}: ${key}`, why, remedy, place);
}
