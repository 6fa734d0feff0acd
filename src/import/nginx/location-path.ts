import type { DraftPath } from '../draft.ts';
import { anyCase, escapeRegExp, wholePath } from '../regular-expression.ts';
import { directiveText } from './directive-text.ts';
import type { NginxContext } from './nginx-context.ts';
import type { Directive } from './parse-nginx.ts';
import type { Scope } from './scope.ts';

/** How a location matches: as nginx writes it, `=`, `^~`, `~`, `~*` or nothing. */
export type Modifier = '=' | '^~' | '~' | '~*' | '';

/** A location, with what is around it. */
export interface Location {
  readonly modifier: Modifier;
  readonly text: string;
  readonly directive: Directive;
  readonly scope: Scope;
  /** The prefix location around it; empty for none. */
  readonly below: string;
  /** Longer prefixes that expressions come before, though they do not come before this one (`^~`). */
  readonly except?: readonly string[];
  /** Whether there is a location for all below it, `/a/` beside `/a`: then this one is for the path alone. */
  readonly alone?: true;
}

/** What a regular expression captures. */
export interface Group {
  /** `1`, or a name. */
  readonly variable: string;
  readonly name: string;
}

/** The path of the route for a location, with what it captures. */
export function pathOf({ modifier, text, below, alone }: Location): {
  path: DraftPath;
  groups: readonly Group[];
} {
  if (modifier === '=' || alone) return { path: { type: 'exact', value: text }, groups: [] };
  if (modifier === '~' || modifier === '~*') {
    const groups: Group[] = [];
    const named = nameGroups(text, groups);
    const source = wholePath(modifier === '~*' ? anyCase(named) : named);
    const inside = below === '' ? '' : `(?=${escapeRegExp(below)})`;
    return { path: { type: 'regex', value: inside + source }, groups };
  }
  const value = text.length > 1 ? text.replace(/\/+$/, '') : text;
  return { path: { type: 'prefix', value: value === '' ? '/' : value }, groups: [] };
}

/** Gives names to groups that have none, so that what they capture can be spoken of. */
function nameGroups(source: string, groups: Group[]): string {
  let number = 0;
  return source.replace(
    /\\.|\[(?:\\.|[^\]\\])*\]|\((?:\?P?<([A-Za-z_]\w*)>|(?!\?))/gs,
    (part, name: string | undefined) => {
      if (!part.startsWith('(')) return part;
      number++;
      groups.push({ variable: String(number), name: name ?? `part${number}` });
      if (name !== undefined) groups.push({ variable: name, name });
      return `(?<${name ?? `part${number}`}>`;
    },
  );
}

/** Says what the path of a location became. */
export function reportLocation(
  { directive, modifier, text, alone }: Location,
  { report }: NginxContext,
): void {
  const what = directiveText(directive);
  const { place } = directive;
  if (modifier === '=') report.translate(what, 'path: { exact }', place);
  else if (modifier === '~' || modifier === '~*') report.translate(what, 'path: { regex }', place);
  else if (text === '/') report.translate(what, 'path: /', place);
  else {
    const value = text.replace(/\/+$/, '');
    const differs = text.endsWith('/')
      ? `${value} itself goes to the service; nginx redirects it to ${text}`
      : `what merely begins with ${text}, such as ${text}x, is not among it: a prefix ends at a slash`;
    report.approximate(what, alone ? 'path: { exact }' : `path: ${value}`, differs, place);
  }
}
