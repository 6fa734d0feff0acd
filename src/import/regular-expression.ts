/** A text that matches itself in a regular expression. */
export function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/**
 * The regular expression for a whole path that matches where the given one finds something: routes are anchored at both
 * ends, those of other programs are not.
 */
export function wholePath(source: string): string {
  if (hasTopAlternatives(source) || /[$^]/.test(inside(source))) return `(?=.*?(?:${source})).*`;
  const begins = source.startsWith('^');
  const ends = /(?<!\\)(?:\\\\)*\$$/.test(source);
  const middle = source.slice(begins ? 1 : 0, ends ? -1 : undefined);
  const front = begins || middle.startsWith('.*') ? '' : '.*';
  const back = ends || /(?<!\\)\.\*$/.test(middle) ? '' : '.*';
  return `${front}${middle}${back}`;
}

/** A regular expression of the source; one that matches nothing where it is none, which is reported with all other mistakes. */
export function tried(source: string): RegExp {
  try {
    return new RegExp(source, 's');
  } catch {
    return /(?!)/;
  }
}

/** The same regular expression with every letter in both cases. JavaScript's flag cannot stand in a configuration. */
export function anyCase(source: string): string {
  return source.replace(/\\(?:[pPuxk].|.)|\[(?:\\.|[^\]\\])*\]|\(\?<[^=!>][^>]*>|[A-Za-z]/gs, (part) => {
    if (part.startsWith('[')) return part.replace(/\\.|([A-Za-z])(-[A-Za-z])?/gs, bothCases);
    return part.length === 1 ? `[${part.toLowerCase()}${part.toUpperCase()}]` : part;
  });
}

function bothCases(part: string): string {
  if (part.startsWith('\\')) return part;
  return part === part.toLowerCase() ? part + part.toUpperCase() : part + part.toLowerCase();
}

/** What every match begins with, as far as that is plain to see; for an anchored expression. */
export function literalHead(source: string): string {
  const match = /^(?:[^\\^$.*+?()[\]{}|]|\\[^A-Za-z0-9])*/.exec(source)?.[0] ?? '';
  // What a quantifier follows may be missing.
  const optional = /^[*?{]/.test(source.slice(match.length)) ? match.replace(/\\?.$/s, '') : match;
  return optional.replace(/\\(.)/g, '$1');
}

/** The pattern `/users/:id` as a regular expression. */
export function patternSource(pattern: string): string {
  const segments = pattern.split('/');
  return segments
    .map((segment, index) => {
      if (segment.startsWith(':')) return `(?<${segment.slice(1)}>[^/]+)`;
      if (segment !== '*') return escapeRegExp(segment);
      return index === segments.length - 1 ? '.+' : '[^/]+';
    })
    .join('/');
}

/** A source without what may stand at its ends: an anchor in the middle is an alternative in disguise. */
function inside(source: string): string {
  return source
    .replace(/^\^/, '')
    .replace(/\$$/, '')
    .replace(/\\.|\[(?:\\.|[^\]\\])*\]/gs, '');
}

function hasTopAlternatives(source: string): boolean {
  let depth = 0;
  for (const [part] of source.matchAll(/\\.|\[(?:\\.|[^\]\\])*\]|[()|]/gs)) {
    if (part === '(') depth++;
    else if (part === ')') depth--;
    else if (part === '|' && depth === 0) return true;
  }
  return false;
}
