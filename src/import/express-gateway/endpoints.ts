import type { DraftPath } from '../draft.ts';
import { anyCase, wholePath } from '../regular-expression.ts';
import type { ReportWriter } from '../report.ts';
import { reportOthers } from './other-keys.ts';
import { at, entriesOf, listOf, textOf, textsOf, type Tree } from './yaml-tree.ts';

/** A path of an API endpoint. */
export interface EndpointPath {
  readonly path: DraftPath;
  /** What `stripPath` takes away; undefined where it takes away nothing, or what depends on the request. */
  readonly strip: string | undefined;
}

/** One entry of an API endpoint: a host with its paths. */
export interface Endpoint {
  readonly name: string;
  readonly hosts: readonly string[] | undefined;
  readonly paths: readonly EndpointPath[];
  readonly methods: readonly string[] | undefined;
  readonly scopes: readonly string[];
  readonly tree: Tree;
}

const known = ['host', 'hostRegex', 'paths', 'path', 'pathRegex', 'methods', 'scopes'];

/** Reads `apiEndpoints`: what cannot be said by a route is reported. */
export function readEndpoints(tree: Tree | undefined, report: ReportWriter): Endpoint[] {
  return entriesOf(tree).flatMap(([name, value]) => {
    const entries = value.type === 'list' ? value.items : [value];
    return entries.flatMap((entry) => readEndpoint(name, entry, report) ?? []);
  });
}

function readEndpoint(name: string, tree: Tree, report: ReportWriter): Endpoint | undefined {
  const what = `apiEndpoint ${name}`;
  reportOthers(tree, known, what, report);
  const hosts = hostsOf(tree, what, report);
  const paths = pathsOf(tree, what, report);
  if (hosts === 'unknown' || paths.length === 0) {
    report.leaveOut(
      what,
      hosts === 'unknown'
        ? 'its hosts cannot be said by a route'
        : 'none of its paths can be said by a route',
      'write its routes',
      tree.place,
    );
    return undefined;
  }
  const methods = textsOf(at(tree, 'methods')).map((method) => method.toUpperCase());
  const scopes = listOf(at(tree, 'scopes')).flatMap(
    (scope) => textOf(scope) ?? textOf(at(scope, 'scope')) ?? [],
  );
  report.translate(what, paths.length === 1 ? 'a route' : `${paths.length} routes`, tree.place);
  return {
    name,
    hosts,
    paths,
    methods: methods.length === 0 || methods.includes('*') ? undefined : methods,
    scopes,
    tree,
  };
}

function hostsOf(tree: Tree, what: string, report: ReportWriter): readonly string[] | undefined | 'unknown' {
  const expression = at(tree, 'hostRegex');
  if (expression !== undefined) {
    report.leaveOut(
      `${what}: hostRegex`,
      'a host is a name, or *. and a name',
      'write its routes with the hosts that it stands for',
      expression.place,
    );
    return 'unknown';
  }
  const host = at(tree, 'host');
  const text = textOf(host);
  if (host === undefined || text === undefined || text === '*' || text === '') return undefined;
  const lower = text.toLowerCase();
  if (!/^(?:\*\.)?[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/.test(lower)) {
    report.leaveOut(
      `${what}: host ${text}`,
      'a host is a name, or *. and a name',
      'write its routes with the hosts that it stands for',
      host.place,
    );
    return 'unknown';
  }
  if (lower.startsWith('*.'))
    report.approximate(
      `${what}: host ${text}`,
      `host: "${lower}"`,
      '*. stands for one label or more, not for one',
      host.place,
    );
  return [lower];
}

function pathsOf(tree: Tree, what: string, report: ReportWriter): EndpointPath[] {
  const expression = at(tree, 'pathRegex');
  if (expression !== undefined) {
    const source = textOf(expression) ?? '';
    // Express compares without case.
    return [{ path: { type: 'regex', value: wholePath(anyCase(source)) }, strip: undefined }];
  }
  const written = at(tree, 'paths') ?? at(tree, 'path');
  const texts = written === undefined ? ['*'] : listOf(written).flatMap((item) => textOf(item) ?? []);
  const both = new Set(
    texts.filter((text) => texts.includes(`${text.replace(/\/$/, '')}/*`) && !text.includes('*')),
  );
  return [...new Set(texts)].flatMap((text): EndpointPath[] => {
    if (both.has(text)) return [];
    const read = pathOf(text, both);
    if (read === undefined) {
      report.leaveOut(
        `${what}: path ${text}`,
        'what it matches cannot be said by a route',
        'write a route with path: { regex: … }',
        written?.place ?? tree.place,
      );
      return [];
    }
    if (read.differs !== undefined)
      report.approximate(`${what}: path ${text}`, 'path', read.differs, written?.place ?? tree.place);
    return [read];
  });
}

function pathOf(
  text: string,
  both: ReadonlySet<string>,
): (EndpointPath & { readonly differs?: string }) | undefined {
  if (text === '*' || text === '/*') return { path: { type: 'prefix', value: '/' }, strip: '' };
  const plain = /^((?:\/[^/*:?+()[\]{}!\\]+)*)(\/\*|\/?\*|\/)?$/.exec(text);
  if (plain !== null) {
    const [, front = '', end = ''] = plain;
    if (end === '' || end === '/')
      return { path: { type: 'exact', value: front === '' ? '/' : front }, strip: undefined };
    const differs =
      both.has(front) || both.has(`${front}/`)
        ? undefined
        : end === '*'
          ? `what merely begins with ${front}, such as ${front}x, is not among it: a prefix ends at a slash`
          : `${front} itself is among it`;
    return {
      path: { type: 'prefix', value: front },
      strip: front,
      ...(differs !== undefined && { differs }),
    };
  }
  if (!/^(?:\/(?:[^/*:?+()[\]{}!\\]+|:[A-Za-z_]\w*|\*))+$/.test(text)) return undefined;
  return { path: { type: 'pattern', value: text }, strip: undefined };
}
