import { z } from 'zod';
import { foundIn } from '../../core/found-in.ts';
import { withRemedy } from '../../core/remedy.ts';
import { readTextMatch, type TextMatch } from './text-match.ts';

/** A value as JSON has it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** JSON in which texts may be regular expressions; a key with {@link noValue} must be null or not there. */
export type JsonMatch =
  | { readonly type: 'text'; readonly match: Exclude<TextMatch, { type: 'absent' }> }
  | { readonly type: 'value'; readonly value: number | boolean | null }
  | { readonly type: 'list'; readonly items: readonly JsonMatch[] }
  | { readonly type: 'keys'; readonly keys: ReadonlyMap<string, JsonMatch> };

/** What a body must be: a text, or JSON with at least this in it. */
export type BodyMatch =
  | { readonly type: 'text'; readonly match: TextMatch }
  | { readonly type: 'json'; readonly json: JsonMatch };

/** A body to send: text as it stands, or JSON. */
export type BodyToSend =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'json'; readonly text: string };

/** Any value that YAML and JSON have. */
const json: z.ZodType<Json> = z.json();

/** A body to send: a text, or keys and values or a list, which are sent as JSON. */
export const bodyToSend = json.transform((value, context): BodyToSend => {
  if (typeof value === 'string') return { type: 'text', text: value };
  if (typeof value === 'object' && value !== null) return { type: 'json', text: JSON.stringify(value) };
  const remedy = value === null ? 'leave the key out' : `put it in quotes: "${String(value)}"`;
  context.issues.push({
    code: 'custom',
    message: withRemedy(`expected a text, a list or keys and values, found ${foundIn(value)}`, remedy),
    input: value,
  });
  return z.NEVER;
});

/** What a body must be: a text, `/…/`, null for none, or JSON with at least this in it. */
export const bodyMatch = json.transform((value, context): BodyMatch => {
  if (value === null) return { type: 'text', match: { type: 'absent' } };
  const fail = (message: string, path: readonly (string | number)[]): void => {
    context.issues.push({ code: 'custom', message, input: value, path: [...path] });
  };
  if (typeof value === 'object') return { type: 'json', json: jsonMatch(value, [], fail) };
  const match = readTextMatch(String(value));
  if (typeof match !== 'string') return { type: 'text', match };
  fail(match, []);
  return z.NEVER;
});

function jsonMatch(
  value: Json,
  path: readonly (string | number)[],
  fail: (message: string, path: readonly (string | number)[]) => void,
): JsonMatch {
  if (typeof value === 'string') {
    const match = readTextMatch(value);
    if (typeof match !== 'string') return { type: 'text', match };
    fail(match, path);
    return { type: 'value', value: null };
  }
  if (value === null || typeof value !== 'object') return { type: 'value', value };
  if (Array.isArray(value))
    return { type: 'list', items: value.map((item: Json, index) => jsonMatch(item, [...path, index], fail)) };
  return {
    type: 'keys',
    keys: new Map(Object.entries(value).map(([key, member]) => [key, jsonMatch(member, [...path, key], fail)])),
  };
}
