import { z } from 'zod';
import { backtrackingMistake, regExpMistake } from '../../config/safe-reg-exp.ts';
import { foundIn } from '../../core/found-in.ts';
import { splitRemedy, withRemedy } from '../../core/remedy.ts';

/** What a text must be: exactly this one, one in which the pattern is found, or not there at all. */
export type TextMatch =
  | { readonly type: 'exact'; readonly text: string }
  | { readonly type: 'pattern'; readonly pattern: RegExp }
  | { readonly type: 'absent' };

/** A regular expression as JavaScript writes it: a slash inside of it is escaped, or stands in brackets. Anything else is a path. */
const written = /^\/((?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+)\/(?![ims]*([ims])[ims]*\2)([ims]*)$/;

/** Numbers and truth values as a YAML file has them: header lines and bodies are text. */
export const scalar = z.union([z.string(), z.number(), z.boolean()], {
  error: (issue) =>
    withRemedy(`expected a text, found ${foundIn(issue.input)}`, 'write a text; put it in quotes if it looks like something else'),
});

/** A text, `/…/` for a regular expression, or null for what must not be there. */
export const textMatch = z
  .union([scalar, z.null()], {
    error: (issue) =>
      withRemedy(`expected a text, found ${foundIn(issue.input)}`, 'write the text, /…/ for a regular expression, or null for what must not be there'),
  })
  .transform((value, context): TextMatch => {
    if (value === null) return { type: 'absent' };
    const match = readTextMatch(String(value));
    if (typeof match !== 'string') return match;
    context.issues.push({ code: 'custom', message: match, input: value });
    return z.NEVER;
  });

/** What a text in a file of expectations asks for; or what is wrong with its regular expression. */
export function readTextMatch(text: string): Exclude<TextMatch, { type: 'absent' }> | string {
  const [, source, , flags] = written.exec(text) ?? [];
  if (source === undefined) return { type: 'exact', text };
  const mistake = regExpMistake(source) ?? backtrackingMistake(source);
  if (mistake === undefined) return { type: 'pattern', pattern: new RegExp(source, flags) };
  const { found, remedy = '' } = splitRemedy(mistake);
  return withRemedy(found, remedy.replace(', without slashes around it', ', between the slashes'));
}

/** Whether a text, or nothing, is what was asked for. */
export function matchesText(match: TextMatch, text: string | undefined): boolean {
  if (match.type === 'absent') return text === undefined;
  if (text === undefined) return false;
  return match.type === 'exact' ? match.text === text : match.pattern.test(text);
}

/** What was asked for, as it stands in the file. */
export function textMatchAsWritten(match: TextMatch): string {
  if (match.type === 'absent') return 'nothing';
  return match.type === 'exact' ? match.text : String(match.pattern);
}
