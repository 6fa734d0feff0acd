import { z } from 'zod';
import type { JsonSchema } from '../config/json-schema.ts';
import { documentSchema } from './schema/document.ts';

/** The JSON Schema of a file of expectations, which editors complete from and check against; draft 7, which they know best. */
export function expectationsJsonSchema(): JsonSchema {
  const { $schema, ...schema } = z.toJSONSchema(documentSchema, {
    io: 'input',
    target: 'draft-7',
    // Durations say themselves what they are in JSON Schema, for zod cannot know.
    unrepresentable: 'any',
  });
  return {
    ...($schema !== undefined && { $schema }),
    title: 'Waygate expectations',
    description: 'Expectations about a configuration of the Waygate API gateway, for `waygate test`.',
    ...schema,
  };
}
