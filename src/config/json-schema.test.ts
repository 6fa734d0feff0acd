import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { definePolicy } from '../core/policy.ts';
import { duration } from '../core/units.ts';
import { generateJsonSchema, type JsonSchema } from './json-schema.ts';

const limit = definePolicy({
  name: 'limit',
  description: 'Limits.',
  options: z.strictObject({
    window: duration().describe('How long.'),
    by: z.enum(['ip', 'header']).optional().describe('By what.'),
  }),
  create: () => ({}),
});

const schema = generateJsonSchema([limit]);

/** Every schema in a schema, with the way there. */
function* schemasIn(value: unknown, path = ''): Generator<[path: string, schema: JsonSchema]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield [path, value as JsonSchema];
  for (const [key, member] of Object.entries(value)) yield* schemasIn(member, `${path}/${key}`);
}

function at(path: string): JsonSchema {
  const found = [...schemasIn(schema)].find(([where]) => where === path)?.[1];
  assert.ok(found !== undefined, path);
  return found;
}

describe('the JSON Schema', () => {
  test('knows every key, and no other', () => {
    assert.deepEqual(Object.keys(schema.properties ?? {}).toSorted(), [
      ...[
        '$schema',
        'admin',
        'cache',
        'drain',
        'forwarded',
        'identity',
        'limits',
        'listen',
        'log',
        'overload',
        'policies',
        'policyModules',
        'rateLimits',
        'redis',
        'routes',
      ],
      ...['timeouts', 'trustedProxies', 'upstreams', 'via', 'workers'],
    ]);
    assert.equal(schema.additionalProperties, false);
    assert.deepEqual(schema.required, ['routes']);
  });

  test('describes every option', () => {
    let seen = 0;
    for (const [path, { properties }] of schemasIn(schema)) {
      if (path.endsWith('/properties')) continue;
      for (const [key, option] of Object.entries(properties ?? {})) {
        seen++;
        assert.ok(typeof option === 'object' && option.description !== undefined, `${path}/${key}`);
        assert.match(option.description, /^[A-Z].*\.$/s, `${path}/${key} is not a sentence`);
      }
    }
    assert.ok(seen > 90, `only ${seen}`);
  });

  test('names defaults as one writes them', () => {
    assert.equal(at('/properties/timeouts/properties/requestHeaders').default, '10s');
    assert.equal(at('/properties/limits/properties/body').default, '10mb');
    assert.equal(at('/properties/listen').default, 3000);
  });

  test('lets ${…} stand wherever there is not any text allowed', () => {
    const placeholder = { $ref: '#/definitions/placeholder' };
    for (const path of [
      '/properties/timeouts/properties/requestHeaders',
      '/properties/admin/properties/port',
      '/properties/log/properties/level',
      '/properties/log/properties/query',
      '/definitions/route/properties/path',
      '/definitions/route/properties/stripPrefix',
    ]) {
      assert.deepEqual(at(path).anyOf?.at(-1), placeholder, path);
    }
    assert.equal(at('/definitions/route/properties/upstream').type, 'string');
    const pattern = new RegExp(at('/definitions/placeholder').pattern ?? '');
    for (const text of ['${A}', 'x${A_1:-b c}y', '${file:/run/x}', '${A:-}']) assert.match(text, pattern);
    for (const text of ['', '$A', '${a}', '${params.id}', '${A', '${file:}'])
      assert.doesNotMatch(text, pattern);
  });

  test('has the shorthands', () => {
    const upstream = '/properties/upstreams/additionalProperties/anyOf';
    assert.deepEqual([at(`${upstream}/0`).type, at(`${upstream}/1`).type], ['string', 'object']);
    assert.equal(at('/properties/listen/anyOf/3').type, 'array');
  });

  test('completes policies: their names alone where that is enough, and their options', () => {
    const [bare, withOptions] = at('/definitions/policy').anyOf ?? [];
    assert.deepEqual((bare as JsonSchema).enum, []);
    assert.equal((withOptions as JsonSchema).maxProperties, 1);
    const option = at('/definitions/policy/anyOf/1/properties/limit');
    assert.equal(option.description, 'Limits.');
    assert.deepEqual(option.required, ['window']);
  });

  test('has patterns that are regular expressions, and references that lead somewhere', () => {
    let patterns = 0;
    for (const [path, { pattern, $ref }] of schemasIn(schema)) {
      if (path.endsWith('/properties')) continue;
      if (pattern !== undefined) patterns++;
      assert.doesNotThrow(() => new RegExp(pattern ?? '', 'u'), path);
      if ($ref !== undefined)
        assert.ok(
          [...schemasIn(schema)].some(([where]) => `#${where}` === $ref),
          $ref,
        );
    }
    assert.ok(patterns > 20, `only ${patterns}`);
  });

  test('says nothing about what it does not know', () => {
    for (const [path, value] of schemasIn(schema)) {
      const isSchema = /\/(anyOf\/\d+|items|additionalProperties|properties\/[^/]+)$/.test(path);
      if (isSchema) assert.notDeepEqual(value, {}, path);
    }
  });
});
