import { z } from 'zod';
import type { PolicyDefinition } from '../core/policy.ts';
import { documentSchema } from './schema/document.ts';

/** A JSON Schema, as plain data. */
export type JsonSchema = z.core.JSONSchema.BaseSchema;

/**
 * The JSON Schema of a configuration as one writes it, which editors complete from and check against; draft 7, which
 * they know best. Whatever is not a free text may also be a `${…}`, because that is what an editor sees.
 */
export function generateJsonSchema(policies: readonly PolicyDefinition[]): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(documentSchema(policies), {
    io: 'input',
    target: 'draft-7',
    // Durations and sizes say themselves what they are in JSON Schema, for zod cannot know.
    unrepresentable: 'any',
  });
  const { properties, ...root } = withPlaceholders(schema);
  const policy = properties?.['policies'];
  const route = properties?.['routes'];
  if (!isObject(policy) || !isObject(policy.items) || !isObject(route) || !isObject(route.items)) {
    throw new TypeError('the schema of a configuration has lists of policies and routes');
  }
  const items: JsonSchema = { $ref: '#/definitions/policy' };
  const own = route.items.properties?.['policies'];
  const ownPolicies = { ...(isObject(own) && own), items };
  const oneRoute = { ...route.items, properties: { ...route.items.properties, policies: ownPolicies } };
  return {
    ...($schema !== undefined && { $schema }),
    title: 'Waygate configuration',
    description: 'The configuration of the Waygate API gateway.',
    ...root,
    properties: {
      ...properties,
      policies: { ...policy, items },
      routes: { ...route, items: { $ref: '#/definitions/route' } },
    },
    definitions: { route: oneRoute, policy: policy.items, placeholder },
  };
}

/** A text with at least one `${NAME}`, `${NAME:-default}` or `${file:…}` in it. */
const placeholder: JsonSchema = {
  description:
    'An environment variable, ${NAME} or ${NAME:-default}, or the content of a file, ${file:/path}.',
  type: 'string',
  pattern: '\\$\\{([A-Z_][A-Z0-9_]*(:-[^{}]*)?|file:[^{}]+)\\}',
};

const placeholderRef: JsonSchema = { $ref: '#/definitions/placeholder' };

function withPlaceholders(schema: JsonSchema): JsonSchema {
  const { anyOf, properties, items, additionalProperties, ...rest } = schema;
  if (anyOf !== undefined)
    return { ...withoutEmptyDefault(rest), anyOf: alternatives(anyOf.filter(isObject)) };
  if (isBoundScalar(schema)) {
    const { description, default: fallback, ...scalar } = schema;
    return {
      ...(description !== undefined && { description }),
      ...(fallback !== undefined && { default: fallback }),
      anyOf: [scalar, placeholderRef],
    };
  }
  return {
    ...withoutEmptyDefault(rest),
    ...(properties !== undefined && { properties: mapValues(properties) }),
    ...(isObject(items) && { items: withPlaceholders(items) }),
    ...(additionalProperties !== undefined && {
      additionalProperties: isObject(additionalProperties)
        ? withPlaceholders(additionalProperties)
        : additionalProperties,
    }),
  };
}

/** One placeholder is enough for all alternatives, and none is needed where any text is right. */
function alternatives(schemas: readonly JsonSchema[]): JsonSchema[] {
  const flat = schemas.flatMap((schema) => (isPureUnion(schema) ? schema.anyOf.filter(isObject) : [schema]));
  const free = flat.some((schema) => schema.type === 'string' && !isBoundScalar(schema));
  const bound = flat.some(isBoundScalar);
  const mapped = flat.map((schema) => (isBoundScalar(schema) ? schema : withPlaceholders(schema)));
  return bound && !free ? [...mapped, placeholderRef] : mapped;
}

function isPureUnion(schema: JsonSchema): schema is JsonSchema & { anyOf: JsonSchema[] } {
  return Array.isArray(schema.anyOf) && Object.keys(schema).length === 1;
}

/** Whether a scalar is not just any text. */
function isBoundScalar({ type, enum: choice, const: only, pattern }: JsonSchema): boolean {
  if (type === 'null') return false;
  return (
    type === 'number' ||
    type === 'integer' ||
    type === 'boolean' ||
    choice !== undefined ||
    only !== undefined ||
    pattern !== undefined
  );
}

function withoutEmptyDefault(schema: JsonSchema): JsonSchema {
  const { default: fallback, ...rest } = schema;
  const empty = typeof fallback === 'object' && fallback !== null && Object.keys(fallback).length === 0;
  return empty ? rest : schema;
}

function mapValues(properties: NonNullable<JsonSchema['properties']>): Record<string, JsonSchema | boolean> {
  return Object.fromEntries(
    Object.entries(properties).map(([key, value]) => [
      key,
      isObject(value) ? withPlaceholders(value) : value,
    ]),
  );
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
