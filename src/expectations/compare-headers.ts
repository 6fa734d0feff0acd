import { compareText, type Difference } from './difference.ts';
import type { HeaderLine } from './observation.ts';
import type { HeadersMatch } from './schema/header-lines.ts';

/** What of the headers is not as expected. One value is compared with that of all lines together (RFC 9110 §5.3). */
export function compareHeaders(
  expected: HeadersMatch | undefined,
  lines: readonly HeaderLine[],
  path: Difference['path'],
): Difference[] {
  return (expected ?? []).flatMap(([name, match]) => {
    const values = valuesOf(lines, name);
    const all = values.length === 0 ? undefined : values.join(', ');
    if (!Array.isArray(match)) return compareText(match, all, [...path, name]);
    if (match.length !== values.length)
      return [{ path: [...path, name], expected: `${match.length} lines`, found: linesText(values) }];
    return match.flatMap((each, index) => compareText(each, values[index], [...path, name, index]));
  });
}

/** Octets beyond ASCII are shown as the UTF-8 that they most likely are. */
function valuesOf(lines: readonly HeaderLine[], name: string): string[] {
  return lines
    .filter(([other]) => other.toLowerCase() === name.toLowerCase())
    .map(([, value]) => Buffer.from(value, 'latin1').toString('utf8'));
}

function linesText(values: readonly string[]): string | undefined {
  if (values.length === 0) return undefined;
  return values.length === 1 ? `1 line: ${values.join()}` : `${values.length} lines: ${values.join(' | ')}`;
}
