import type { StoredHead } from '../../core/answer-store.ts';
import { isToken, parseTokenList, trimOws } from '../../http/field.ts';
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
  // What is no name may have been meant to be one.
  return [...names].every((name) => isToken(name) && !personal.has(name)) ? [...names].toSorted() : undefined;
}

/** Whether a request still has what it had there when its answer was looked for. */
export function sameSelection({ vary }: Pick<StoredHead, 'vary'>, request: HeaderList): boolean {
  return vary.every(([name, value]) => selectingValue(name, request) === value);
}

/** Whether two answers depend on the same. */
export function sameNames(one: Pick<StoredHead, 'vary'>, other: Pick<StoredHead, 'vary'>): boolean {
  return (
    one.vary.length === other.vary.length && one.vary.every(([name], at) => other.vary[at]?.[0] === name)
  );
}

/** What a request has under each of the names. */
export function selectingValues(
  names: readonly string[],
  request: HeaderList,
): (readonly [name: string, value: string])[] {
  return names.map((name) => [name, selectingValue(name, request)]);
}

/** Whether a request selects a stored answer (RFC 9111 §4.1). */
export function selects({ vary, lines }: Pick<StoredHead, 'vary' | 'lines'>, request: HeaderList): boolean {
  return vary.every(
    ([name, value]) =>
      selectingValue(name, request) === value || (name === 'accept-language' && isPreferred(lines, request)),
  );
}

/** Whether an answer is in the very language that a request likes best: no service has anything better for it. */
function isPreferred(lines: StoredHead['lines'], request: HeaderList): boolean {
  const language = lines.find(([name]) => name.toLowerCase() === 'content-language')?.[1].toLowerCase();
  const [first, second] = preferencesIn(request.getAll('accept-language'));
  return (
    first !== undefined &&
    first.weight > 0 &&
    first.name === language &&
    (second === undefined || second.weight < first.weight)
  );
}

/**
 * What stands under a name, so that what means the same is the same: several lines are one, blanks around commas go, and
 * preferences stand in the order of their weights. A name that is not there is not the same as an empty one.
 */
function selectingValue(name: string, request: HeaderList): string {
  const lines = request.getAll(name);
  if (lines.length === 0) return '\0';
  // Commas and blanks within quotes are no punctuation, and what means the same is for its specification to say.
  if (!preferences.has(name))
    return lines.some((line) => line.includes('"')) ? lines.join(', ') : membersOf(lines).join(',');
  return preferencesIn(lines)
    .map(({ text }) => text)
    .join(',');
}

function membersOf(lines: readonly string[], separator = ','): string[] {
  return lines
    .join(separator)
    .split(separator)
    .map((member) => trimOws(member));
}

interface Preference {
  readonly text: string;
  readonly name: string;
  readonly weight: number;
}

/** The members of a list of preferences, those that are liked best first. */
function preferencesIn(lines: readonly string[]): Preference[] {
  return membersOf(lines)
    .filter((member) => member !== '')
    .map((member) => {
      const text = membersOf([member.toLowerCase()], ';').join(';');
      return { text, name: text.split(';', 1)[0] ?? '', weight: weightOf(text) };
    })
    .toSorted((a, b) => b.weight - a.weight || (a.text < b.text ? -1 : 1));
}

/** The weight of a preference; 1 without one (RFC 9110 §12.4.2). */
function weightOf(member: string): number {
  const [, weight] = /;q=(\d(?:\.\d{0,3})?)$/.exec(member) ?? [];
  return weight === undefined ? 1 : Number(weight);
}
