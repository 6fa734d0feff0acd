import type { DraftPath, DraftPolicy, DraftRoute } from '../draft.ts';
import { literal } from '../draft.ts';
import { prefixRule, replacePrefix, type ChangedPath } from '../path-change.ts';
import { anyCase, escapeRegExp, literalHead, wholePath } from '../regular-expression.ts';
import { readAccess } from './access.ts';
import { readFiles, readReturn } from './answers.ts';
import { readLimits, readRouteSettings } from './limits.ts';
import type { NginxContext } from './nginx-context.ts';
import type { Directive } from './parse-nginx.ts';
import { readProxyPass } from './proxy-pass.ts';
import { readHeaders } from './request-headers.ts';
import { directiveText, type Scope } from './scope.ts';
import { templateOf } from './variables.ts';

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
}

/** What a server has for its locations. */
export interface Surroundings {
  readonly hosts: readonly string[] | undefined;
  /** Constants by `set`. */
  readonly constants: ReadonlyMap<string, string>;
  /** `proxy_pass` of locations by the path that subrequests are made to. */
  readonly internals: ReadonlyMap<string, string>;
  /** Named locations. */
  readonly named: ReadonlyMap<string, Directive>;
}

/** The route for a location. */
export function routeOf(location: Location, around: Surroundings, context: NginxContext): DraftRoute {
  const { scope, directive } = location;
  const known = new Map([...around.constants].map(([name, value]) => [name, literal(value)]));
  const { path, groups } = pathOf(location);
  for (const group of groups) known.set(group.variable, `\${params.${group.name}}`);
  const what = directiveText(directive);
  const common = {
    what,
    place: directive.place,
    comment: what,
    ...(around.hosts !== undefined && { hosts: around.hosts }),
  };
  reportLocation(location, context);
  const access = readAccess(scope, around.internals, around.constants, context);
  const answer = scope.own('return')[0];
  if (answer !== undefined) {
    return { ...common, path, policies: [...access, readReturn(answer, known, context)] };
  }
  const { pass, from } = passOf(scope, around, context);
  if (pass === undefined) {
    const closed = access.some(({ name }) => name === 'respond');
    return { ...common, path, policies: closed ? access : [...access, readFiles(what)] };
  }
  const passed = readProxyPass(pass, from, nameOf(location), around.constants, context);
  if (passed === undefined) return { ...common, path, policies: [...access, readFiles(directiveText(pass))] };
  const change = changeOf(location, path, groups, passed.uri, known, pass, context);
  const { preserveHost, policies } = readHeaders(from, passed.group, known, context);
  return {
    ...common,
    ...withoutNames(change, groups, policies),
    upstream: passed.upstream,
    ...(preserveHost && { preserveHost: true }),
    ...readRouteSettings(from, context),
    policies: [...access, ...readLimits(from, context), ...policies] satisfies DraftPolicy[],
  };
}

/** What an upstream could be called by its location. */
function nameOf({ modifier, text }: Location): string {
  const plain = modifier === '~' || modifier === '~*' ? literalHead(text.replace(/^\^/, '')) : text;
  return plain.replaceAll('/', '-').replace(/^-+|-+$/g, '');
}

/** The groups of an expression have names only where somebody speaks of them. */
function withoutNames(
  change: ChangedPath,
  groups: readonly Group[],
  policies: readonly DraftPolicy[],
): ChangedPath {
  if (JSON.stringify([change.rewrite, policies]).includes('${params.')) return change;
  let { value } = change.path;
  for (const { variable, name } of groups)
    if (/^\d+$/.test(variable)) value = value.replace(`(?<${name}>`, '(');
  return { ...change, path: { ...change.path, value } };
}

/** The `proxy_pass` of a location, or of the named one that its `try_files` ends with. */
function passOf(
  scope: Scope,
  { named }: Surroundings,
  { report }: NginxContext,
): { readonly pass: Directive | undefined; readonly from: Scope } {
  const [own] = scope.own('proxy_pass');
  if (own !== undefined) return { pass: own, from: scope };
  const [files] = scope.own('try_files');
  const target = named.get(files?.args.at(-1) ?? '');
  if (files === undefined || target?.block === undefined) return { pass: undefined, from: scope };
  report.approximate(
    directiveText(files),
    `what ${target.args.join(' ')} does`,
    'nginx served files that are there; here every request goes to the service',
    files.place,
  );
  const from = scope.inside(target.block);
  return { pass: from.own('proxy_pass')[0], from };
}

interface Group {
  /** `1`, or a name. */
  readonly variable: string;
  readonly name: string;
}

function pathOf({ modifier, text, below }: Location): { path: DraftPath; groups: readonly Group[] } {
  if (modifier === '=') return { path: { type: 'exact', value: text }, groups: [] };
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

/** What the service sees: the trailing slash of `proxy_pass`, captured groups, and `rewrite … break`. */
function changeOf(
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
  if (location.modifier === '' || location.modifier === '^~') {
    if (/[?#$]/.test(plain)) {
      report.leaveOut(
        `the path of ${what}`,
        'it has a query, or variables',
        'set rewrite of the route',
        pass.place,
      );
      return { path };
    }
    return replaced(location.text, plain, what, pass, context);
  }
  const rewrite = templateOf(plain, known);
  if (rewrite === undefined || /[?#]/.test(plain)) {
    report.leaveOut(
      `the path of ${what}`,
      'it has a query, or variables that nothing stands for',
      'set rewrite of the route',
      pass.place,
    );
    return { path };
  }
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
  { scope, text, modifier }: Location,
  path: DraftPath,
  { report }: NginxContext,
): ChangedPath | undefined {
  const [first, ...others] = scope.own('rewrite');
  if (first === undefined) return undefined;
  const [source = '', replacement = '', flag] = first.args;
  const rule = prefixRule(source, replacement.replace(/\?$/, ''));
  const from = rule?.from.replace(/\/+$/, '');
  const prefix = text.replace(/\/+$/, '');
  const plain = (modifier === '' || modifier === '^~') && others.length === 0;
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

function reportLocation({ directive, modifier, text }: Location, { report }: NginxContext): void {
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
    report.approximate(what, `path: ${value}`, differs, place);
  }
}
