import { escapeRegExp } from '../regular-expression.ts';

/** A filter by path: everything below a text, or what an expression matches behind it. */
export type FilterShape =
  | { readonly type: 'below'; readonly head: string }
  | {
      readonly type: 'expression';
      readonly head: string;
      readonly tail: string;
      /** The same as a pattern of Waygate, where it is one. */
      readonly pattern?: string;
    };

/**
 * Reads globs, of which those with `!` take out what the others let in.
 * @returns undefined for what is no glob that an expression could say.
 */
export function filterShapes(filters: readonly string[]): readonly FilterShape[] | undefined {
  const out = filters.filter((filter) => filter.startsWith('!')).map((filter) => globSource(filter.slice(1)));
  const inside = filters.filter((filter) => !filter.startsWith('!'));
  const shapes = (inside.length > 0 ? inside : ['/**']).map(shapeOf);
  if (out.includes(undefined) || shapes.includes(undefined)) return undefined;
  const known = shapes.filter((shape) => shape !== undefined);
  if (out.length === 0) return known;
  const exclusion = out.map((source) => `(?!${source}$)`).join('');
  // What is taken out is about the whole path, and so stands in front of all of it.
  return known.map((shape) => ({
    type: 'expression',
    head: '',
    tail: `${exclusion}${escapeRegExp(shape.head)}${shape.type === 'below' ? '(?:/.*)?' : shape.tail}`,
  }));
}

function shapeOf(glob: string): FilterShape | undefined {
  const below = /^((?:\/[^*?[\]{}!()]*?)?)\/?(?:\/\*\*)?$/.exec(glob);
  if (below !== null) return { type: 'below', head: below[1] ?? '' };
  const source = globSource(glob);
  if (source === undefined) return undefined;
  const head = /^(?:\/[^*?[\]{}!()/]*(?=\/))*/.exec(glob)?.[0] ?? '';
  return { type: 'expression', head, tail: source.slice(escapeRegExp(head).length) };
}

function globSource(glob: string): string | undefined {
  let source = '';
  let braces = 0;
  for (const [part] of glob.matchAll(/\*\*\/|\/\*\*$|\*\*|[^]/g)) {
    if (part === '**/') source += '(?:.*/)?';
    else if (part === '/**') source += '(?:/.*)?';
    else if (part === '**') source += '.*';
    else if (part === '*') source += '[^/]*';
    else if (part === '?') source += '[^/]';
    else if (part === '{') {
      source += '(?:';
      braces++;
    } else if (part === '}' && braces > 0) {
      source += ')';
      braces--;
    } else if (part === ',' && braces > 0) source += '|';
    else if (/[[\]()!}]/.test(part)) return undefined;
    else source += escapeRegExp(part);
  }
  if (braces > 0) return undefined;
  // Paths begin with a slash, which `**/*.html` does not say.
  return source.startsWith('(?:.*/)?') ? source.replace('(?:.*/)?', '(?:.*/)') : source;
}
