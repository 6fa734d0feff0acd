import { createRequire } from 'node:module';
import type * as redosDetector from 'redos-detector';
import { withRemedy } from '../core/remedy.ts';

const load = createRequire(import.meta.url);

/** Long enough for any route, and short enough to be judged. */
const maxLength = 1000;

/** How far one expression is followed. Ordinary ones take a few hundred steps, and a few milliseconds. */
const maxSteps = 2000;

/** In how many ways one text may be matched: what is fine takes one or two. */
const maxScore = 50;

/** For what takes long within few steps; in milliseconds. */
const timeout = 3000;

/** What keeps the source of a regular expression from being one, or undefined. Costs next to nothing. */
export function regExpMistake(source: string): string | undefined {
  if (source === '')
    return withRemedy('the regular expression is empty', 'write one, or leave the condition out');
  if (source.length > maxLength) {
    return withRemedy(
      `the regular expression is longer than ${maxLength} characters`,
      'write a shorter one, or several routes',
    );
  }
  try {
    RegExp(source);
    // As the router compiles it: anchored at both ends.
    RegExp(`^(?:${source})$`, 's');
  } catch (error) {
    const reason =
      error instanceof Error
        ? error.message.replace(/^Invalid regular expression: .*: /s, '')
        : String(error);
    return withRemedy(
      `this is not a regular expression: ${reason.toLowerCase()}`,
      'write it as in JavaScript, without slashes around it',
    );
  }
  return undefined;
}

/**
 * What keeps a regular expression from being used on what clients send, or undefined: the engine of JavaScript tries
 * every way to match, and in some expressions that is millions of ways for a path of a hundred characters. Takes
 * milliseconds for an ordinary expression, and at most some seconds for a bad one.
 *
 * @param source one in which {@link regExpMistake} found nothing.
 */
export function backtrackingMistake(source: string): string | undefined {
  if (isSafe(withoutGroupNames(source))) return undefined;
  return withRemedy(
    'the regular expression can take very long on some texts (it can match them in many ways)',
    'let each part match what the next cannot: [^/]+ instead of .*, no (a+)+, no (a|a)*',
  );
}

/** The names of the groups in a regular expression, in order. */
export function groupNames(source: string): string[] {
  return [...source.matchAll(groups)].flatMap((match) => (match[1] === undefined ? [] : [match[1]]));
}

/** Escapes and character classes are stepped over, so that `\(?<a>` and `[(?<a>]` are no groups. */
const groups = /\\.|\[(?:\\.|[^\]\\])*\]|\(\?<([^=!>][^>]*)>/gs;

/** The detector knows no named groups; to be anonymous changes nothing about how they match. */
function withoutGroupNames(source: string): string {
  return source.replace(groups, (match, name: string | undefined) => (name === undefined ? match : '('));
}

function isSafe(source: string): boolean {
  // A final .* matches whatever is left (with flag `s`), so that nothing behind it can make the engine turn back.
  const open = /(?<!\\)(?:\\\\)*\.\*$/.test(source) && !hasAlternatives(source);
  // Loaded when there is something to judge: most configurations have no regular expressions.
  const { isSafePattern } = load('redos-detector') as typeof redosDetector;
  try {
    return isSafePattern(open ? `^(?:${source})` : `^(?:${source})$`, {
      maxSteps,
      maxScore,
      timeout,
      dotAll: true,
    }).safe;
  } catch {
    // Syntax that the detector does not know cannot be judged, and what cannot be judged is not used.
    return false;
  }
}

/** Whether there is a `|` outside of all groups. */
export function hasAlternatives(source: string): boolean {
  let depth = 0;
  for (const [token] of source.matchAll(/\\.|\[(?:\\.|[^\]\\])*\]|[()|]/gs)) {
    if (token === '(') depth++;
    else if (token === ')') depth--;
    else if (token === '|' && depth === 0) return true;
  }
  return false;
}
