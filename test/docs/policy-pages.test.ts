import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { unconnectedRedis } from '../../src/core/redis.ts';
import { builtInPolicies } from '../../src/gateway/built-in-policies.ts';
import { readCodeBlocks, readTables } from '../kit/markdown.ts';
import { optionMistakes } from '../kit/policy-bench.ts';

/** As much of a JSON Schema as options are described with. */
const optionSchema = z.object({
  description: z.string().optional(),
  default: z.unknown().optional(),
  get properties() {
    return z.record(z.string(), optionSchema).optional();
  },
  required: z.array(z.string()).optional(),
  get anyOf() {
    return z.array(optionSchema).optional();
  },
});

type OptionSchema = z.output<typeof optionSchema>;

interface OptionRow {
  readonly option: string;
  readonly default: string;
  readonly 'what it does': string;
}

/** Every option with its default and its sentence, options inside options too. */
function optionRows(schema: OptionSchema, prefix = ''): OptionRow[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, option]) => {
    const nested = [option, ...(option.anyOf ?? [])].find(({ properties }) => properties !== undefined);
    const row = {
      option: `\`${prefix}${name}\``,
      default:
        schema.required?.includes(name) === true
          ? 'required'
          : nested === undefined
            ? shownDefault(option)
            : '',
      'what it does': option.description ?? '',
    };
    return [row, ...(nested === undefined ? [] : optionRows(nested, `${prefix}${name}.`))];
  });
}

function shownDefault({ default: value }: OptionSchema): string {
  if (value === undefined) return '';
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

/** The uses of policies in a piece of a configuration, for all routes and for single ones. */
function policyUses(yaml: string): [name: string, options: unknown][] {
  const uses = z.array(z.record(z.string(), z.unknown())).default([]);
  const { policies, routes } = z
    .object({ policies: uses, routes: z.array(z.object({ policies: uses })).default([]) })
    .parse(parse(yaml));
  return [policies, ...routes.map((route) => route.policies)].flat().flatMap((use) => Object.entries(use));
}

it('every policy has a page, and every page a policy', () => {
  const names = builtInPolicies.map(({ name }) => `${name}.md`);
  assert.ok(names.length >= 8);
  assert.deepEqual(readdirSync('docs/policies').toSorted(), names.toSorted());
});

for (const policy of builtInPolicies) {
  describe(`docs/policies/${policy.name}.md`, () => {
    const page = readFileSync(`docs/policies/${policy.name}.md`, 'utf8');

    it('lists every option with its default and its sentence', () => {
      const schema = z.toJSONSchema(policy.options, { io: 'input', unrepresentable: 'any' });
      const table = readTables(page).find(({ heading }) => heading === 'Options');
      const rows = table?.rows.map((row) =>
        Object.fromEntries(
          Object.entries(row).map(([column, cell]) => [column, cell.replace(/\\([*_<])/g, '$1')]),
        ),
      );
      const expected = optionRows(optionSchema.parse(schema));
      assert.ok(expected.length > 0);
      assert.deepEqual(rows, expected);
      for (const row of expected) {
        assert.match(
          row['what it does'],
          /Without it: |Has no default: /,
          `${row.option} says what happens without it`,
        );
      }
    });

    it('shows configuration that works', () => {
      const blocks = readCodeBlocks(page).filter(({ language }) => language === 'yaml');
      const uses = blocks.flatMap(({ text }) => policyUses(text));
      assert.ok(uses.length > 0);
      for (const [name, options] of uses) {
        const definition = builtInPolicies.find((each) => each.name === name);
        assert.ok(definition, name);
        assert.deepEqual(
          optionMistakes(definition, options, { paramNames: ['id', 'name'], redis: unconnectedRedis }),
          [],
        );
      }
      assert.ok(uses.some(([name]) => name === policy.name));
    });
  });
}
