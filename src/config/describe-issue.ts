import { z } from 'zod';
import { nearest } from '../core/nearest.ts';
import { withRemedy } from '../core/remedy.ts';
import { foundIn } from '../core/found-in.ts';

/** An issue as zod hands it to an error map: with the value, and with the schema that found it. */
type RawIssue = z.core.$ZodRawIssue;

/**
 * The text of an issue for which the schema itself has none. Passed to zod for one parse, so that the options of every
 * policy, also of a stranger's, are reported in the same words.
 */
export function describeIssue(issue: RawIssue): string | undefined {
  const found = foundIn(issue.input);
  switch (issue.code) {
    case 'invalid_type': {
      const { noun, remedy } = typeWords[String(issue.expected)] ?? {
        noun: String(issue.expected),
        remedy: `write ${String(issue.expected)}`,
      };
      return withRemedy(`expected ${noun}, found ${found}`, mendedType(issue) ?? remedy);
    }
    case 'invalid_value':
      return describeValue(found, issue.input, issue.values);
    case 'too_small':
      return withRemedy(
        describeSize(issue, found),
        `${atLeast(issue)} ${String(issue.minimum)}${unit(issue)}`,
      );
    case 'too_big':
      return withRemedy(
        describeSize(issue, found),
        `${atMost(issue)} ${String(issue.maximum)}${unit(issue)}`,
      );
    case 'not_multiple_of':
      return withRemedy(
        `${found} is not a multiple of ${String(issue.divisor)}`,
        `write a multiple of ${String(issue.divisor)}`,
      );
    case 'invalid_format':
      return withRemedy(
        `${found} is not in the right form`,
        `write ${formatWords(issue.format, issue.pattern)}`,
      );
    case 'invalid_key':
      return withRemedy(`${found} is not a name that can stand here`, 'write another name');
    case 'invalid_union':
      return withRemedy(`${found} is none of what can stand here`, seeReference);
    case 'unrecognized_keys':
    case 'invalid_element':
    case 'custom':
    default:
      return undefined;
  }
}

/** The remedy where nothing better is known. */
export const seeReference = 'see the reference of this option';

/** The keys that an object schema knows, when the issue comes from one. */
export function knownKeys(issue: RawIssue): readonly string[] {
  return issue.inst instanceof z.ZodObject ? Object.keys(issue.inst.shape) : [];
}

const typeWords: Readonly<Record<string, { readonly noun: string; readonly remedy: string } | undefined>> = {
  string: { noun: 'a text', remedy: 'write a text; put it in quotes if it looks like something else' },
  number: { noun: 'a number', remedy: 'write a number' },
  int: { noun: 'a whole number', remedy: 'write a whole number' },
  boolean: { noun: 'true or false', remedy: 'write true or false' },
  array: { noun: 'a list', remedy: 'write [a, b], or each item on a line of its own with "- " in front' },
  object: { noun: 'keys and values', remedy: 'write { key: value }, or each key on a line of its own' },
  record: { noun: 'keys and values', remedy: 'write { key: value }, or each key on a line of its own' },
};

/** What was most likely meant by a value of the wrong type. */
function mendedType({ expected, input }: RawIssue & { readonly code: 'invalid_type' }): string | undefined {
  if (expected === 'string') return isScalar(input) ? `put it in quotes: "${String(input)}"` : undefined;
  const { remedy } = typeWords[String(expected)] ?? {};
  if (input === null) return remedy === undefined ? undefined : `leave the key out, or ${remedy}`;
  if (typeof input !== 'string') return undefined;
  const isNumber = (expected === 'number' || expected === 'int') && /^-?\d+(\.\d+)?$/.test(input);
  const isBoolean = expected === 'boolean' && (input === 'true' || input === 'false');
  if (isNumber || isBoolean) return `write ${input} without quotes`;
  if (expected === 'array' && /^[\w./:-]{1,60}$/.test(input)) return `write a list: [${input}]`;
  return expected === 'object' && /^[\w-]{1,60}:\S/.test(input)
    ? 'write a space behind the colon'
    : undefined;
}

function isScalar(value: unknown): value is number | boolean {
  return typeof value === 'number' || typeof value === 'boolean';
}

function describeValue(found: string, input: unknown, values: readonly unknown[]): string {
  const allowed = values.map(String);
  const meant = typeof input === 'string' ? nearest(input, allowed) : undefined;
  const list = allowed.length === 1 ? `write ${allowed[0]}` : `write one of ${allowed.join(', ')}`;
  return withRemedy(
    `${found} is not allowed here`,
    meant === undefined ? list : `did you mean ${meant}? ${capital(list)}`,
  );
}

type SizeIssue = RawIssue & { readonly code: 'too_small' | 'too_big' };

function describeSize(issue: SizeIssue, found: string): string {
  const few = issue.code === 'too_small';
  switch (issue.origin) {
    case 'string':
      return `the text is too ${few ? 'short' : 'long'}`;
    case 'array':
    case 'set':
      return few && Number(issue.minimum) === 1
        ? 'the list is empty'
        : `the list has too ${few ? 'few' : 'many'} items`;
    case 'object':
    case 'map':
      return `there are too ${few ? 'few' : 'many'} keys`;
    default:
      return `${found} is too ${few ? 'small' : 'large'}`;
  }
}

function atLeast(issue: SizeIssue): string {
  return issue.inclusive === false ? 'write more than' : 'write at least';
}

function atMost(issue: SizeIssue): string {
  return issue.inclusive === false ? 'write less than' : 'write at most';
}

function unit(issue: SizeIssue): string {
  if (issue.origin === 'string') return ' characters';
  if (issue.origin === 'array' || issue.origin === 'set') return ' items';
  return issue.origin === 'object' || issue.origin === 'map' ? ' keys' : '';
}

function formatWords(format: string, pattern: string | undefined): string {
  if (format === 'regex') return `a text that matches ${pattern ?? 'the pattern'}`;
  return ['url', 'email', 'uuid', 'ipv4', 'ipv6', 'cidrv4', 'cidrv6'].includes(format)
    ? `a valid ${format}`
    : `a text in the form ${format}`;
}

function capital(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
