import { withRemedy } from '../core/remedy.ts';
import { pathMistake } from './path-value.ts';

/** The names of a pattern's parameters, in order. */
export function paramNamesOf(pattern: string): string[] {
  return pattern
    .split('/')
    .filter((segment) => segment.startsWith(':'))
    .map((segment) => segment.slice(1));
}

/** What is wrong with a pattern such as `/users/:id`, or undefined. Names of parameters are judged elsewhere. */
export function patternMistake(pattern: string): string | undefined {
  const segments = pattern.split('/');
  for (const segment of segments) {
    if (segment === '*' || !segment.includes('*')) continue;
    return withRemedy(
      `"${segment}" mixes * with other characters`,
      'let * stand for a whole segment, or write { regex: … }',
    );
  }
  if (pattern.length > 1 && pattern.endsWith('/')) {
    return withRemedy(
      `the pattern ends in a slash`,
      `write ${pattern.slice(0, -1)}, or ${pattern}* for everything below`,
    );
  }
  // Parameters and stars stand for ordinary segments; what is between them must be canonical.
  const sample = segments
    .map((segment) => (segment === '*' || segment.startsWith(':') ? 'x' : segment))
    .join('/');
  const mistake = pathMistake(sample);
  if (mistake === undefined) return undefined;
  return withRemedy(
    `the pattern "${pattern}" is not a canonical path`,
    'write it with "/" in front, without "//", "." and ".." segments and unneeded escapes',
  );
}
