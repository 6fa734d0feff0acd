import { foundIn } from './found-in.ts';
import { nearest } from './nearest.ts';

/** What an option of a function may be. */
export interface OptionKind {
  /** What to write, such as `true or false`. */
  readonly expected: string;
  readonly is: (value: unknown) => boolean;
}

/** What each option of a function may be. */
export type OptionKinds = Readonly<Record<string, OptionKind>>;

/** What is looked at where it is used. */
export const anyOption: OptionKind = { expected: '', is: () => true };

export const flagOption: OptionKind = {
  expected: 'true or false',
  is: (value) => typeof value === 'boolean',
};

export const functionOption: OptionKind = {
  expected: 'a function',
  is: (value) => typeof value === 'function',
};

export const textOption: OptionKind = { expected: 'a text', is: (value) => typeof value === 'string' };

export const objectOption: OptionKind = {
  expected: 'an object',
  is: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
};

/** An object with these functions, such as a logger. */
export function objectWith(...functions: readonly string[]): OptionKind {
  return {
    expected: `an object with the functions ${functions.join(', ')}`,
    is: (value) => typeof value === 'object' && value !== null && functions.every((name) => has(value, name)),
  };
}

/** One of some words. */
export function oneOf(...words: readonly string[]): OptionKind {
  return {
    expected: words.map((word) => JSON.stringify(word)).join(' or '),
    is: (value) => typeof value === 'string' && words.includes(value),
  };
}

/**
 * Refuses options of a function that nobody knows, and values that make no sense: programs in JavaScript have no compiler that does.
 * An option that is `undefined` is left out.
 * @param of the name of the function.
 * @param remedies what to do about names that are not known but foreseen.
 * @throws TypeError with every mistake, each with its remedy.
 */
export function checkOptions(
  of: string,
  options: unknown,
  kinds: OptionKinds,
  remedies: (name: string) => string | undefined = () => undefined,
): void {
  if (!objectOption.is(options))
    throw optionsError(of, [`it takes an object with options, not ${foundIn(options)}`]);
  const mistakes = Object.entries(options as object).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined)
      return [`${foundIn(name)} is no option: ${remedies(name) ?? remedyOf(name, kinds)}`];
    return kind.is(value) ? [] : [`${name} is ${foundIn(value)}: write ${kind.expected}`];
  });
  if (mistakes.length > 0) throw optionsError(of, mistakes);
}

/** What is thrown for options of a function that make no sense. */
export function optionsError(of: string, mistakes: readonly string[]): TypeError {
  const [only, ...others] = mistakes;
  return new TypeError(
    others.length === 0
      ? `${of}: ${only}`
      : `${of}: the options have ${mistakes.length} mistakes\n${mistakes.map((text) => `  ${text}`).join('\n')}`,
  );
}

function remedyOf(name: string, kinds: OptionKinds): string {
  const known = Object.keys(kinds);
  const meant = nearest(name, known);
  return meant === undefined ? `there are ${known.join(', ')}` : `did you mean ${meant}?`;
}

function has(value: object, name: string): boolean {
  return typeof Reflect.get(value, name) === 'function';
}
