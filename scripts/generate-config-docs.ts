import { generateJsonSchema, type JsonSchema } from '../src/config/json-schema.ts';
import { builtInPolicies } from '../src/gateway/built-in-policies.ts';

/** What separates the part of the page that is written by hand from the part that is generated. */
const marker = '<!-- Everything below is generated from the schema: npm run generate -->';

/** A mapping of the configuration: where it stands, and its keys. */
interface Section {
  readonly title: string;
  readonly text: string | undefined;
  readonly keys: Readonly<Record<string, JsonSchema | boolean>>;
  readonly required: readonly string[];
}

/** `docs/configuration.md`: its head as it is, and a table for each mapping of the configuration. */
export function configurationPage(current: string): string {
  const head = current.split(marker, 1)[0] ?? '';
  const schema = generateJsonSchema(builtInPolicies);
  const sections = sectionsOf('The file', schema, schema);
  return [head.trimEnd(), marker, ...sections.map(sectionText), policiesText(), ''].join('\n\n');
}

function sectionsOf(title: string, schema: JsonSchema, root: JsonSchema): Section[] {
  const { properties = {}, required = [], description } = schema;
  const prefix = title === 'The file' ? '' : `${title}.`;
  const own: Section = { title, text: prefix === '' ? undefined : description, keys: properties, required };
  const below = Object.entries(properties).flatMap(([key, value]) =>
    typeof value === 'boolean' ? [] : mappingsIn(`${prefix}${key}`, value, root),
  );
  return [own, ...below];
}

/** The mappings that a value may be or contain; policies have pages of their own. */
function mappingsIn(title: string, value: JsonSchema, root: JsonSchema): Section[] {
  if (value.$ref === '#/definitions/policy') return [];
  if (value.$ref !== undefined) {
    const name = value.$ref.replace('#/definitions/', '');
    const target = root['definitions'];
    const definition: unknown =
      typeof target === 'object' && target !== null ? Reflect.get(target, name) : undefined;
    return isSchema(definition) ? mappingsIn(title, definition, root) : [];
  }
  const { anyOf, items, additionalProperties, properties, description } = value;
  if (anyOf !== undefined) {
    return anyOf
      .filter(isSchema)
      .flatMap((choice) =>
        mappingsIn(title, { ...(description !== undefined && { description }), ...choice }, root),
      )
      .filter(uniqueTitle());
  }
  if (isSchema(items)) return mappingsIn(`${title}[]`, items, root);
  if (isSchema(additionalProperties)) return mappingsIn(`${title}.<name>`, additionalProperties, root);
  return properties === undefined || value.$ref === '#/definitions/placeholder'
    ? []
    : sectionsOf(title, value, root);
}

/** A mapping that may stand alone or in a list is described once. */
function uniqueTitle(): (section: Section) => boolean {
  const seen = new Set<string>();
  return ({ keys }) => {
    const key = JSON.stringify(keys);
    return !seen.has(key) && seen.add(key).has(key);
  };
}

function sectionText({ title, text, keys, required }: Section): string {
  const heading = title === 'The file' ? `## ${title}` : `## \`${title}\``;
  const rows = Object.entries(keys).map(([key, value]) => {
    const schema = typeof value === 'boolean' ? {} : value;
    const cells = [
      `\`${key}\``,
      kindOf(schema),
      defaultOf(schema, required.includes(key)),
      schema.description ?? '',
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  const table = ['| key | may be | default | |', '|---|---|---|---|', ...rows].join('\n');
  return [heading, ...(text === undefined ? [] : [text]), table].join('\n\n');
}

function defaultOf({ default: fallback }: JsonSchema, required: boolean): string {
  if (required) return 'required';
  return fallback === undefined
    ? ''
    : `\`${typeof fallback === 'string' ? fallback : JSON.stringify(fallback)}\``;
}

/** What a value may be, in words. */
function kindOf(schema: JsonSchema): string {
  const { title, anyOf, enum: choice, const: only, type, items, additionalProperties } = schema;
  if (title !== undefined) return title;
  if (only !== undefined) return `\`${String(only)}\``;
  if (choice !== undefined) return choice.map((each) => `\`${String(each)}\``).join(', ');
  if (schema.$ref !== undefined) return schema.$ref.replace('#/definitions/', 'a ');
  if (anyOf !== undefined) return alternatives(anyOf.filter(isSchema));
  switch (type) {
    case 'integer':
    case 'number':
      return `${type === 'integer' ? 'a whole number' : 'a number'} from ${amount(schema.minimum)} to ${amount(schema.maximum)}`;
    case 'boolean':
      return '`true`, `false`';
    case 'array':
      return isSchema(items) ? `a list: ${kindOf(items)}` : 'a list';
    case 'object':
      return isSchema(additionalProperties) ? 'names, each with a value' : 'keys, see below';
    default:
      return 'a text';
  }
}

/** What a value may be, once each; a list of what it may also be alone is a list of these. */
function alternatives(schemas: readonly JsonSchema[]): string {
  const kinds = new Set<string>();
  for (const schema of schemas.filter(({ $ref }) => $ref !== '#/definitions/placeholder')) {
    const list = schema.type === 'array' && isSchema(schema.items) ? kindOf(schema.items) : undefined;
    kinds.add(list !== undefined && list === [...kinds].join(', or ') ? 'a list of these' : kindOf(schema));
  }
  return [...kinds].join(', or ');
}

function policiesText(): string {
  const lines = builtInPolicies.map(
    ({ name, description }) => `- [\`${name}\`](policies/${name}.md): ${description}`,
  );
  return ['## Policies', 'Each has a page of its own.', lines.join('\n')].join('\n\n');
}

function amount(bound: number | undefined): string {
  return bound === undefined ? 'any' : bound.toLocaleString('en');
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
