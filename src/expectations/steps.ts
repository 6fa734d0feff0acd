import type { Step, TestCase } from './schema/document.ts';

/** A step of a test, with its place in the file. */
export interface PlacedStep extends Step {
  readonly path: readonly (string | number)[];
}

/** The steps of a test; where it has one request, that is the only one. */
export function stepsOf({ request, repeat = 1, expect, steps = [] }: TestCase, index: number): PlacedStep[] {
  const path = ['tests', index];
  if (request !== undefined) return [{ after: undefined, request, repeat, expect, path }];
  return steps.map((step, at) => ({ ...step, path: [...path, 'steps', at] }));
}
