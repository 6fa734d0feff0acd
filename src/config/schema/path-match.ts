import { z } from 'zod';
import { withRemedy } from '../../core/remedy.ts';
import { groupNames, hasAlternatives, regExpMistake } from '../safe-reg-exp.ts';
import { patternMistake, paramNamesOf } from '../path-pattern.ts';
import { pathMistake } from '../path-value.ts';
import { foundIn } from '../../core/found-in.ts';

/** How a route's path is matched. */
export interface PathMatch {
  /**
   * `exact`: the path itself; `prefix`: the path and everything below it, on a segment boundary; `pattern`: the whole
   * path, `:name` and `*` standing for one non-empty segment each and a final `/*` for the rest, one segment or more;
   * `regex`: the whole path against `^(?:value)$` with flag `s`.
   */
  readonly type: 'exact' | 'prefix' | 'pattern' | 'regex';
  /** A canonical path, a pattern, or the source of a regular expression. A prefix has no final slash, but for `/`. */
  readonly value: string;
}

const remedy = 'write a path such as /users, or { exact: … }, { prefix: … }, { pattern: … } or { regex: … }';

function textOf(what: string): z.ZodString {
  return z.string({ error: (issue) => withRemedy(`expected ${what}, found ${foundIn(issue.input)}`, `write ${what}`) });
}

const pathObject = z.strictObject({
  exact: textOf('a path such as /users').optional().describe('This path and no other.'),
  prefix: textOf('a path such as /users').optional().describe('This path and everything below it, on a segment boundary.'),
  pattern: textOf('a pattern such as /users/:id')
    .optional()
    .describe('The whole path; :name and * stand for one segment each, a final /* for one segment or more.'),
  regex: textOf('a regular expression such as /v[0-9]+/.*')
    .optional()
    .describe('A regular expression for the whole path; named groups become parameters.'),
});

/** A route's path as one writes it: a text, or an object that says how it is to be read. */
export const pathMatch = z
  .union([z.string().meta({ title: 'a path such as `/users`', pattern: '^/' }), pathObject.meta({ minProperties: 1, maxProperties: 1 })], {
    error: (issue) => withRemedy(`expected a path, found ${foundIn(issue.input)}`, remedy),
  })
  .transform((input, context): PathMatch => {
    const fail = (message: string, path: readonly string[]): never => {
      context.issues.push({ code: 'custom', message, input, path: [...path] });
      return z.NEVER;
    };
    if (typeof input === 'string') {
      const type = /\*|\/:/.test(input) ? 'pattern' : 'prefix';
      const match = normal(type, input);
      const mistake = pathMatchMistake(match);
      return mistake === undefined ? match : fail(mistake, []);
    }
    const given = (['exact', 'prefix', 'pattern', 'regex'] as const).filter((type) => input[type] !== undefined);
    const [type, second] = given;
    if (type === undefined) {
      // A key that nobody knows is an issue already.
      return context.issues.length > 0 ? z.NEVER : fail(withRemedy('the path says nothing', remedy), []);
    }
    if (second !== undefined) {
      return fail(withRemedy(`the path has both ${type} and ${second}`, 'keep one of them, or write two routes'), [second]);
    }
    const match = normal(type, input[type] ?? '');
    const mistake = pathMatchMistake(match);
    return mistake === undefined ? match : fail(mistake, [type]);
  });

/** The names that a match captures, in order. */
export function paramNames(match: PathMatch): string[] {
  if (match.type === 'pattern') return paramNamesOf(match.value);
  if (match.type !== 'regex') return [];
  return groupNames(match.value);
}

function normal(type: PathMatch['type'], value: string): PathMatch {
  return { type, value: type === 'prefix' && value.length > 1 ? value.replace(/\/$/, '') : value };
}

function pathMatchMistake(match: PathMatch): string | undefined {
  if (match.type === 'regex') return regExpMistake(match.value) ?? neverMatches(match.value) ?? paramNamesMistake(match);
  if (match.type === 'pattern') return patternMistake(match.value) ?? paramNamesMistake(match);
  return pathMistake(match.value);
}

/** Whether a regular expression for paths begins with something else than a slash, as far as that is plain to see. */
function neverMatches(source: string): string | undefined {
  if (!/^[\w-]/.test(source) || hasAlternatives(source)) return undefined;
  return withRemedy(`no path matches ${foundIn(source)}: paths start with a slash`, `write /${source}`);
}

function paramNamesMistake(match: PathMatch): string | undefined {
  const seen = new Set<string>();
  for (const name of paramNames(match)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) || name === '__proto__') {
      return withRemedy(`"${name}" is not a name for a parameter`, 'let :name stand for a whole segment, and name it with letters, digits and "_"');
    }
    if (seen.has(name)) return withRemedy(`the path names the parameter "${name}" twice`, 'give each parameter its own name');
    seen.add(name);
  }
  return undefined;
}
