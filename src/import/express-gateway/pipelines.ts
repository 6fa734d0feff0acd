import type { ReportWriter } from '../report.ts';
import { readCondition, type Condition } from './conditions.ts';
import { reportOthers } from './other-keys.ts';
import { at, entriesOf, listOf, textOf, type Tree } from './yaml-tree.ts';

/** One step of a pipeline. */
export interface Step {
  readonly policy: string;
  readonly action: Tree | undefined;
  readonly condition: Condition;
  readonly place: Tree['place'];
}

/** A step as a report calls it. */
export function stepText({ policy, action }: Pick<Step, 'policy' | 'action'>): string {
  return policy === 'proxy'
    ? `policy proxy to ${textOf(at(action, 'serviceEndpoint')) ?? 'nothing'}`
    : `policy ${policy}`;
}

/** All pipelines, by name; those of a list without a name have a number. */
export function pipelinesOf(gateway: Tree): readonly (readonly [string, Tree])[] {
  const tree = at(gateway, 'pipelines') ?? at(gateway, 'pipeline');
  if (tree?.type === 'list')
    return tree.items.map((item, index) => [textOf(at(item, 'name')) ?? String(index + 1), item] as const);
  return entriesOf(tree);
}

/** The steps of a pipeline: a policy for each of its actions. */
export function stepsOf(pipeline: Tree): Step[] {
  return listOf(at(pipeline, 'policies') ?? at(pipeline, 'policy')).flatMap((item): Step[] => {
    const [entry] = entriesOf(item);
    if (entry === undefined) {
      const name = textOf(item);
      return name === undefined
        ? []
        : [{ policy: name, action: undefined, condition: { type: 'always' }, place: item.place }];
    }
    const [policy, value] = entry;
    const steps = listOf(value);
    if (steps.length === 0)
      return [{ policy, action: undefined, condition: { type: 'always' }, place: value.place }];
    return steps.map((step) => ({
      policy,
      action: at(step, 'action'),
      condition: readCondition(at(step, 'condition')),
      place: steps.length === 1 ? value.place : step.place,
    }));
  });
}

/** Says what of a pipeline and of its steps is neither policy, nor action, nor condition. */
export function reportPipeline(name: string, pipeline: Tree, report: ReportWriter): void {
  reportOthers(
    pipeline,
    ['name', 'apiEndpoint', 'apiEndpoints', 'policy', 'policies'],
    `pipeline ${name}`,
    report,
  );
  for (const item of listOf(at(pipeline, 'policies') ?? at(pipeline, 'policy'))) {
    const [first, ...others] = entriesOf(item);
    for (const step of listOf(first?.[1]))
      reportOthers(step, ['action', 'condition'], `policy ${first?.[0] ?? '?'}`, report);
    for (const [policy, { place }] of others)
      report.leaveOut(
        `policy ${policy}`,
        'it stands in the same item as another, and Express Gateway takes the first alone',
        'give it a dash of its own where it should be asked',
        place,
      );
  }
}
