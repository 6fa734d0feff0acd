import { readCondition, type Condition } from './conditions.ts';
import { at, entriesOf, listOf, textOf, type Tree } from './yaml-tree.ts';

/** One step of a pipeline. */
export interface Step {
  readonly policy: string;
  readonly action: Tree | undefined;
  readonly condition: Condition;
  readonly place: Tree['place'];
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
