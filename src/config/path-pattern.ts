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
  const stands = (segment: string): boolean => segment === '*' || segment.startsWith(':');
  const names = segments.filter(stands);
  const sample = segments.map((segment) => (stands(segment) ? marker : segment)).join('/');
  const mistake = pathMistake(sample);
  return mistake === undefined ? undefined : withNames(mistake, names);
}

/** Puts the parameters back, each as often as the path is shown. */
function withNames(text: string, names: readonly string[]): string {
  let at = 0;
  return text.replaceAll(marker, () => names[at++ % names.length] ?? '');
}

/** Stands for a parameter in the sample; no path of anybody's has it. */
const marker = 'waygate-parameter';
