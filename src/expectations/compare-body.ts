import { isMapping } from '../config/plain-value.ts';
import { matchesText } from './schema/text-match.ts';
import { compareText, type Difference } from './difference.ts';
import type { BodyMatch, JsonMatch } from './schema/body.ts';

type Path = Difference['path'];

/** What of a body is not as expected. */
export function compareBody(match: BodyMatch | undefined, body: string, path: Path): Difference[] {
  if (match === undefined) return [];
  if (match.type === 'text') return compareText(match.match, body === '' ? undefined : body, path);
  const found = parse(body);
  if (found !== undefined) return compareJson(match.json, found.value, path);
  const expected = `JSON: ${asWritten(match.json)}`;
  return [{ path, expected, found: body === '' ? undefined : body }];
}

/** What is expected must be in there; what else is there does not matter. Lists are compared item by item, all of them. */
function compareJson(match: JsonMatch, found: unknown, path: Path): Difference[] {
  switch (match.type) {
    case 'text': {
      const fits = typeof found === 'string' && matchesText(match.match, found);
      return fits ? [] : [differ(match, found, path)];
    }
    case 'value': {
      const fits = match.value === null ? found === null || found === undefined : match.value === found;
      return fits ? [] : [differ(match, found, path)];
    }
    case 'list': {
      if (!Array.isArray(found)) return [differ(match, found, path)];
      if (found.length !== match.items.length)
        return [
          {
            path,
            expected: items(match.items.length),
            found: `${items(found.length)}: ${JSON.stringify(found)}`,
          },
        ];
      return match.items.flatMap((item, index) => compareJson(item, found[index], [...path, index]));
    }
    case 'keys':
    default: {
      if (!isMapping(found)) return [differ(match, found, path)];
      return [...match.keys].flatMap(([key, member]) =>
        compareJson(member, Object.hasOwn(found, key) ? found[key] : undefined, [...path, key]),
      );
    }
  }
}

function differ(match: JsonMatch, found: unknown, path: Path): Difference {
  const nothing = match.type === 'value' && match.value === null;
  return {
    path,
    expected: nothing ? undefined : asWritten(match),
    found: found === undefined ? undefined : JSON.stringify(found),
  };
}

function asWritten(match: JsonMatch): string {
  switch (match.type) {
    case 'text':
      return match.match.type === 'exact' ? JSON.stringify(match.match.text) : String(match.match.pattern);
    case 'value':
      return String(match.value);
    case 'list':
      return `[${match.items.map(asWritten).join(', ')}]`;
    case 'keys':
    default:
      return `{${[...match.keys].map(([key, member]) => `${JSON.stringify(key)}: ${asWritten(member)}`).join(', ')}}`;
  }
}

function parse(body: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(body) };
  } catch {
    return undefined;
  }
}

function items(count: number): string {
  return count === 1 ? '1 item' : `${count} items`;
}
