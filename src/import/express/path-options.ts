import { prefixRule } from '../path-change.ts';
import { approximated, leftOut, translated, type OptionsPlan } from './options-plan.ts';
import { say, type OptionsReader } from './options-reader.ts';
import type { Described } from './recorder/recording.ts';

/** `pathFilter`. */
export function readFilter(value: Described, plan: OptionsPlan, reader: OptionsReader): void {
  const texts = value.type === 'list' ? value.items : [value];
  const filters = texts.flatMap((item) =>
    item.type === 'plain' && typeof item.value === 'string' ? [item.value] : [],
  );
  if (filters.length < texts.length || filters.length === 0) {
    plan.filterUnknown = true;
    const verdict = leftOut(
      'which requests are proxied is decided by the program, so that there is no route for it',
      'write a route with path, method, headers or query that say the same',
    );
    say(reader, 'pathFilter', value, verdict);
    return;
  }
  plan.filters = filters;
  const exact = filters.every((filter) => filter.endsWith('/') || /^\/[^*?[\]{}!]*\/\*\*$/.test(filter));
  const differs = filters.some(isGlob)
    ? 'a glob became an expression or a prefix, which end at a slash'
    : 'what merely begins with the path, such as /apis for /api, is not among it: a prefix ends at a slash';
  say(reader, 'pathFilter', value, exact ? translated('paths') : approximated('paths', differs));
}

/** As http-proxy-middleware tells globs from paths, more or less. */
export function isGlob(filter: string): boolean {
  return /[*?[\]{}!]|\([^)]*\|/.test(filter);
}

/** `pathRewrite`: a table of rules. */
export function readRewrite(value: Described, plan: OptionsPlan, reader: OptionsReader): void {
  if (value.type !== 'map') {
    plan.rewriteUnknown = true;
    const verdict = leftOut(
      'the path is made by the program',
      'write stripPrefix or rewrite on the route; the path goes on unchanged until then',
    );
    say(reader, 'pathRewrite', value, verdict);
    return;
  }
  if (value.entries.length === 0)
    say(reader, 'pathRewrite', value, translated('nothing: the table is empty'));
  for (const [source, replacement] of value.entries) {
    const subject = `pathRewrite[${JSON.stringify(source)}]`;
    const to =
      replacement.type === 'plain' && typeof replacement.value === 'string' ? replacement.value : undefined;
    const rule = to === undefined ? undefined : prefixRule(source, to);
    if (rule === undefined || rule.whole) {
      plan.rewriteUnknown = true;
      const verdict = leftOut(
        'it is no rule about how a path begins',
        'write a route with path: { regex: … } and rewrite; the path goes on unchanged until then',
      );
      say(reader, subject, replacement, verdict);
      continue;
    }
    plan.rewrites.push({ ...rule, subject });
    const verdict =
      rule.from.length > 1 && rule.from.endsWith('/') && rule.to !== rule.from
        ? approximated('stripPrefix or rewrite', `${rule.from.slice(0, -1)} itself is rewritten too`)
        : translated('stripPrefix or rewrite');
    say(reader, subject, replacement, verdict);
  }
}
