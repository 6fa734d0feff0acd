import { parseTokenList, trimOws } from '../../http/field.ts';
import type { HeaderList } from '../../http/header-list.ts';

/** More names than this, and answers hardly ever fit another request. */
const MOST_NAMES = 10;

/** What tells one client from another: an answer that depends on it is nobody else's. */
const personal: ReadonlySet<string> = new Set(['authorization', 'cookie', 'proxy-authorization']);

/** Lists of preferences, whose order says nothing that their weights do not (RFC 9110 §12.5). */
const preferences: ReadonlySet<string> = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
]);

/**
 * The names in an answer's `Vary`, in lower case, each once.
 * @returns undefined when no other request can be answered with it: `*`, something personal, or too many.
 */
export function varyNames(headers: HeaderList): string[] | undefined {
  const names = new Set(headers.getAll('vary').flatMap(parseTokenList));
  if (names.has('*') || names.size > MOST_NAMES) return undefined;
  return [...names].some((name) => personal.has(name)) ? undefined : [...names].sort();
}

/** What a request has under each of the names. */
export function selectingValues(
  names: readonly string[],
  request: HeaderList,
): (readonly [name: string, value: string])[] {
  return names.map((name) => [name, selectingValue(name, request)]);
}

/** Whether a request selects the same answer (RFC 9111 §4.1). */
export function selects(
  vary: readonly (readonly [name: string, value: string])[],
  request: HeaderList,
): boolean {
  return vary.every(([name, value]) => selectingValue(name, request) === value);
}

/**
 * What stands under a name, so that what means the same is the same: several lines are one, blanks around commas go, and
 * preferences stand in the order of their weights. A name that is not there is not the same as an empty one.
 */
function selectingValue(name: string, request: HeaderList): string {
  const lines = request.getAll(name);
  if (lines.length === 0) return '\0';
  const members = lines
    .join(',')
    .split(',')
    .map((member) => trimOws(member));
  if (!preferences.has(name)) return members.join(',');
  return members
    .map((member) => member.toLowerCase().replaceAll(/[ \t]*([;=])[ \t]*/g, '$1'))
    .filter((member) => member !== '')
    .map((member) => ({ member, weight: weightOf(member) }))
    .sort((a, b) => b.weight - a.weight || (a.member < b.member ? -1 : 1))
    .map(({ member }) => member)
    .join(',');
}

/** The weight of a preference; 1 without one (RFC 9110 §12.4.2). */
function weightOf(member: string): number {
  const [, weight] = /;q=(\d(?:\.\d{0,3})?)$/.exec(member) ?? [];
  return weight === undefined ? 1 : Number(weight);
}
