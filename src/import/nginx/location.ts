import { literal, type DraftPolicy, type DraftRoute } from '../draft.ts';
import type { ChangedPath } from '../path-change.ts';
import { literalHead } from '../regular-expression.ts';
import { directiveText } from './directive-text.ts';
import { readAccess } from './access.ts';
import { readFiles, readReturn } from './answers.ts';
import { readLimits, readRouteSettings } from './limits.ts';
import { pathOf, reportLocation, type Group, type Location } from './location-path.ts';
import type { NginxContext } from './nginx-context.ts';
import type { Directive } from './parse-nginx.ts';
import { readProxyPass } from './proxy-pass.ts';
import { readHeaders } from './request-headers.ts';
import type { Scope } from './scope.ts';
import { changeOf } from './service-path.ts';

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
    ...(location.except !== undefined && { except: location.except }),
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
