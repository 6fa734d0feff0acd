import type { PolicyDefinition } from '../../core/policy.ts';
import type { Finding } from '../finding.ts';
import { GivenPolicy } from '../given-policy.ts';
import { mostPolicyModules } from '../schema/policy-modules.ts';
import { checkDefinition, definitionsIn, type DefinitionsIn } from './definitions-in.ts';
import type { FindModule } from './find-module.ts';
import { importModule } from './import-module.ts';

/** One item under `policyModules`, after it has been looked at. */
export interface PolicyModule {
  /** As the configuration names it; undefined where the definition itself stands there. */
  readonly module?: string;
  /** The digest of its file, so that another content is another configuration. */
  readonly digest?: string;
  /** The names of its policies. */
  readonly policies: readonly string[];
}

/** What the modules of a configuration have brought. */
export interface PolicyModulesReading {
  readonly modules: readonly PolicyModule[];
  readonly definitions: readonly PolicyDefinition[];
  readonly findings: readonly Finding[];
  /** Every file that was read or should have been, as an absolute path. */
  readonly files: readonly string[];
}

/** What modules are loaded with. */
export interface PolicyModulesContext {
  /** The folder of the configuration. */
  readonly folder: string;
  readonly find: FindModule;
  /** What is there without them. */
  readonly policies: readonly PolicyDefinition[];
  /** Milliseconds that an import may take. */
  readonly patience: number;
}

interface Item extends DefinitionsIn {
  readonly file?: string | undefined;
  readonly digest?: string;
}

/** Loads what stands under `policyModules`. Whatever is wrong with the list itself is the business of the schema. */
export async function loadPolicyModules(
  written: readonly unknown[],
  context: PolicyModulesContext,
): Promise<PolicyModulesReading> {
  const list = written.slice(0, mostPolicyModules);
  const items = await Promise.all(
    list.map((item, index) => loadItem(item, list.indexOf(item) === index, context)),
  );
  const modules: PolicyModule[] = [];
  const definitions = new Map<string, { readonly definition: PolicyDefinition; readonly from: string }>();
  const findings: Finding[] = [];
  for (const [index, item] of items.entries()) {
    const name = list[index];
    const module = typeof name === 'string' ? name : undefined;
    const path = ['policyModules', index];
    findings.push(...item.problems.map((problem) => ({ path, ...problem })));
    for (const definition of item.definitions) {
      const problem = nameTaken(definition, definitions.get(definition.name), context.policies);
      if (problem !== undefined) findings.push({ path, ...problem });
      else definitions.set(definition.name, { definition, from: module ?? 'the list itself' });
    }
    modules.push({
      ...(module !== undefined && { module }),
      ...(item.digest !== undefined && { digest: item.digest }),
      policies: item.definitions.map((definition) => definition.name),
    });
  }
  return {
    modules,
    definitions: [...definitions.values()].map(({ definition }) => definition),
    findings,
    files: items.flatMap(({ file }) => file ?? []),
  };
}

async function loadItem(
  item: unknown,
  first: boolean,
  { folder, find, patience }: PolicyModulesContext,
): Promise<Item> {
  if (item instanceof GivenPolicy) return givenItem(item);
  if (typeof item !== 'string' || item === '') return { definitions: [], problems: [] };
  if (!first) {
    const found = `the module ${JSON.stringify(item.slice(0, 200))} stands in the list twice`;
    return { definitions: [], problems: [{ found, remedy: 'leave one of them out' }] };
  }
  const source = await find(item, folder);
  if ('found' in source) return { definitions: [], problems: [source], file: source.file };
  const { file, digest } = source;
  const imported = await importModule(source, folder, patience);
  if (!imported.ok) return { definitions: [], problems: [imported], file, digest };
  return { ...definitionsIn(imported.exports), file, digest };
}

function givenItem({ definition: given }: GivenPolicy): Item {
  const checked = checkDefinition(given);
  if (checked.ok) return { definitions: [checked.definition], problems: [] };
  const found = `what stands here is no policy: ${checked.fault}`;
  return {
    definitions: [],
    problems: [
      { found, remedy: 'put what definePolicy returns there, or the path of the module that exports it' },
    ],
  };
}

function nameTaken(
  definition: PolicyDefinition,
  other: { readonly definition: PolicyDefinition; readonly from: string } | undefined,
  policies: readonly PolicyDefinition[],
): { found: string; remedy: string } | undefined {
  const { name } = definition;
  // The same one by two ways, as through a module that gathers others, is one.
  if (other?.definition === definition) return undefined;
  if (other !== undefined)
    return {
      found: `there is a policy "${name}" from ${other.from} already`,
      remedy: 'give one of them another name',
    };
  if (policies.some((policy) => policy.name === name))
    return {
      found: `there is a policy "${name}" already, which Waygate brings itself or was made with`,
      remedy: 'give yours another name',
    };
  return undefined;
}
