import type { PolicyDefinition } from '../../core/policy.ts';
import { oneLine, type ModuleProblem } from './module-problem.ts';

/** The policies that a module exports, and what is wrong with those that are none. */
export interface DefinitionsIn {
  readonly definitions: readonly PolicyDefinition[];
  readonly problems: readonly ModuleProblem[];
}

/** More than anybody writes; a list that is empty but for its length must not hold the event loop. */
const MOST_ITEMS = 10_000;

/**
 * The definitions among the exports of a module: each export may be one, and the default export a list of them. Exports run code of
 * their own when they are looked at, as getters and proxies do.
 */
export function definitionsIn(exports: unknown): DefinitionsIn {
  try {
    return lookThrough(exports);
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'something was thrown';
    return {
      definitions: [],
      problems: [
        {
          found: `the exports of the module cannot be looked at: ${oneLine(reason)}`,
          remedy: 'export plain objects, such as definePolicy({ … }) returns, and nothing of the name "then"',
        },
      ],
    };
  }
}

function lookThrough(exports: unknown): DefinitionsIn {
  if (typeof exports !== 'object' || exports === null) throw new TypeError(`they are ${String(exports)}`);
  const definitions = new Set<PolicyDefinition>();
  const problems: ModuleProblem[] = [];
  const look = (value: unknown, place: string, meant: boolean): void => {
    const checked = checkDefinition(value);
    if (checked.ok) definitions.add(checked.definition);
    else if (meant || checked.similar)
      problems.push({
        found: `${place} is no policy: ${checked.fault}`,
        remedy: 'make it with definePolicy({ name, description, options, create }) of waygate/policy',
      });
  };
  for (const [key, value] of Object.entries(exports)) {
    // What Node adds where a CommonJS module is imported.
    if (key === 'module.exports') continue;
    if (key === 'default' && Array.isArray(value)) {
      if (value.length > MOST_ITEMS) throw new RangeError(`the default export has ${value.length} items`);
      for (const [index, item] of value.entries())
        look(item, `item ${index + 1} of the default export`, true);
    } else look(value, key === 'default' ? 'the default export' : `the export "${key}"`, false);
  }
  if (definitions.size === 0 && problems.length === 0)
    problems.push({
      found: 'the module exports no policy',
      remedy: 'export one, such as export const tenant = definePolicy({ … })',
    });
  return { definitions: [...definitions], problems };
}

/** A definition, or why it is none. */
export type CheckedDefinition =
  | { readonly ok: true; readonly definition: PolicyDefinition }
  /** @property similar whether somebody has most likely meant a definition. */
  | { readonly ok: false; readonly fault: string; readonly similar: boolean };

/** Whether something is a policy definition, which a module may have made without the compiler's help. */
export function checkDefinition(value: unknown): CheckedDefinition {
  try {
    if (typeof value !== 'object' || value === null)
      return { ok: false, fault: `it is ${value === null ? 'null' : `a ${typeof value}`}`, similar: false };
    const fault = faultOf(value);
    if (fault !== undefined) return { ok: false, fault, similar: 'name' in value && 'create' in value };
    return { ok: true, definition: value as PolicyDefinition };
  } catch (error) {
    // Getters and proxies run code of their own.
    const reason = error instanceof Error ? error.message : 'something was thrown';
    return { ok: false, fault: `it cannot be looked at: ${oneLine(reason)}`, similar: true };
  }
}

function faultOf(value: object): string | undefined {
  const { name, description, options, create, authenticates, alwaysAnswers } = value as Record<
    string,
    unknown
  >;
  if (typeof name !== 'string') return 'it has no name';
  if (name.length > 60 || !/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name))
    return `its name ${JSON.stringify(name.slice(0, 80))} is not made of lower-case words joined by "-"`;
  if (typeof create !== 'function') return 'it has no create';
  if (typeof description !== 'string' || description.trim() === '') return 'it has no description';
  if (!isSchema(options)) return 'its options are not a schema of zod 4, such as z.strictObject({ … })';
  if (authenticates !== undefined && authenticates !== true)
    return 'its "authenticates" is neither true nor left out';
  if (alwaysAnswers !== undefined && typeof alwaysAnswers !== 'function')
    return 'its "alwaysAnswers" is no function';
  if (Reflect.get(value, 'name') !== name) return 'its name is another each time that it is read';
  return undefined;
}

/** Throws where the schema asks somebody else: options are read in one go. */
function isSchema(options: unknown): boolean {
  if (typeof options !== 'object' || options === null || !('_zod' in options) || !('safeParse' in options))
    return false;
  if (typeof options.safeParse !== 'function') return false;
  Reflect.apply(options.safeParse, options, [{}]);
  return true;
}
