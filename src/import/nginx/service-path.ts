import { literal, type DraftPath } from '../draft.ts';
import { prefixRule, replacePrefix, type ChangedPath } from '../path-change.ts';
import { escapeRegExp } from '../regular-expression.ts';
import { directiveText } from './directive-text.ts';
import type { Group, Location } from './location-path.ts';
import type { NginxContext } from './nginx-context.ts';
import type { Directive } from './parse-nginx.ts';
import { templateOf } from './variables.ts';

/** What the service sees: the trailing slash of `proxy_pass`, captured groups, and `rewrite … break`. */
export function changeOf(
  location: Location,
  path: DraftPath,
  groups: readonly Group[],
  uri: string | undefined,
  known: ReadonlyMap<string, string>,
  pass: Directive,
  context: NginxContext,
): ChangedPath {
  const { report } = context;
  const what = directiveText(pass);
  const rewritten = readRewrites(location, path, context);
  if (rewritten !== undefined) {
    report.translate(what, 'upstream', pass.place);
    return rewritten;
  }
  // The request's own path, with its query.
  const plain = uri?.replace(/\$\{?request_uri\}?$/, '').replace(/\$\{?is_args\}?\$\{?args\}?$/, '');
  if (plain === undefined || (plain === '' && uri !== '')) {
    report.translate(what, 'upstream', pass.place);
    return { path };
  }
  const unchanged = (): ChangedPath => {
    report.translate(what, 'upstream', pass.place);
    report.leaveOut(
      `the path of ${what}`,
      'it has a query, or variables that nothing stands for',
      'set rewrite of the route',
      pass.place,
    );
    return { path };
  };
  if (!location.alone && (location.modifier === '' || location.modifier === '^~')) {
    if (/[?#$]/.test(plain)) return unchanged();
    return replaced(location.text, plain, what, pass, context);
  }
  const rewrite = templateOf(plain, known);
  if (rewrite === undefined || /[?#]/.test(plain)) return unchanged();
  report.translate(
    what,
    groups.length > 0 ? 'upstream and rewrite with captured groups' : 'upstream and rewrite',
    pass.place,
  );
  return { path, rewrite: rewrite.startsWith('/') ? rewrite : `/${rewrite}` };
}

/** What nginx cuts off is the location as it is written, to the octet; routes cut at slashes. */
function replaced(
  location: string,
  uri: string,
  what: string,
  pass: Directive,
  { report }: NginxContext,
): ChangedPath {
  const prefix = location.replace(/\/+$/, '');
  const replacement = uri.replace(/\/+$/, '');
  const even = location.endsWith('/') === uri.endsWith('/');
  const change = replacePrefix(prefix, replacement, 'none');
  const became = change.stripPrefix
    ? 'upstream and stripPrefix'
    : change.rewrite === undefined
      ? 'upstream'
      : 'upstream and rewrite';
  if (even) {
    report.translate(what, became, pass.place);
    return location === '/' || !location.endsWith('/') || change.path.type !== 'regex'
      ? change
      : withSlash(prefix, replacement);
  }
  const sees = location.endsWith('/') ? `${uri}x` : `${uri}/x`;
  const wanted = location.endsWith('/') ? `${location}x` : `${location}/x`;
  if (location.endsWith('/') || uri !== '/') {
    // `location /a/` with `proxy_pass http://b/c` makes /cx of /a/x: it is done as written.
    const value = `${escapeRegExp(location)}(?<rest>.*)`;
    if (sees.includes('//') || uri === '') {
      report.approximate(
        what,
        became,
        `for ${wanted} nginx asks for ${sees}, with the slashes as they come`,
        pass.place,
      );
      return change;
    }
    report.translate(what, `upstream and rewrite (for ${wanted} the service sees ${sees})`, pass.place);
    return { path: { type: 'regex', value }, rewrite: `${literal(uri)}\${params.rest}` };
  }
  report.approximate(
    what,
    became,
    `for ${wanted} nginx asks for /${sees}; here slashes are not doubled`,
    pass.place,
  );
  return change;
}

function withSlash(prefix: string, replacement: string): ChangedPath {
  return {
    path: { type: 'regex', value: `${escapeRegExp(prefix)}/(?<rest>.*)` },
    rewrite: `${literal(replacement)}/\${params.rest}`,
  };
}

/** `rewrite` in front of `proxy_pass`, as far as it is about how paths begin. */
function readRewrites(
  { scope, text, modifier, alone }: Location,
  path: DraftPath,
  { report }: NginxContext,
): ChangedPath | undefined {
  const [first, ...others] = scope.own('rewrite');
  if (first === undefined) return undefined;
  const [source = '', replacement = '', flag] = first.args;
  const rule = prefixRule(source, replacement.replace(/\?$/, ''));
  const from = rule?.from.replace(/\/+$/, '');
  const prefix = text.replace(/\/+$/, '');
  const plain = !alone && (modifier === '' || modifier === '^~') && others.length === 0;
  if (
    plain &&
    rule !== undefined &&
    !rule.whole &&
    from !== undefined &&
    prefix.startsWith(from) &&
    (flag === 'break' || flag === 'last')
  ) {
    const to = rule.to.replace(/\/+$/, '') + prefix.slice(from.length);
    const what = directiveText(first);
    if (flag === 'break') report.translate(what, 'stripPrefix or rewrite', first.place);
    else report.approximate(what, 'stripPrefix or rewrite', 'the locations are not asked again', first.place);
    return replacePrefix(prefix, to, 'none');
  }
  for (const each of [first, ...others]) {
    report.leaveOut(
      directiveText(each),
      'it is not plain to see what the path becomes; it goes on unchanged',
      'write a route with path: { regex: … } and rewrite',
      each.place,
    );
  }
  return { path };
}
