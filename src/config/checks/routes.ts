import type { PolicyDefinition } from '../../core/policy.ts';
import { nearest } from '../../core/nearest.ts';
import { TemplateError } from '../../core/template.ts';
import { compilePathTemplate } from '../../core/url-template.ts';
import { hasEncodedSeparator } from '../../http/path.ts';
import type { DocumentView } from '../document-view.ts';
import type { Finding } from '../finding.ts';
import type { RouteDocument } from '../schema/document.ts';
import { paramNames } from '../schema/path-match.ts';

/** A route of which some keys may be missing because they have mistakes of their own. */
type Route = Partial<RouteDocument>;
type Path = readonly (string | number)[];

/** What one key of a route makes of another, or of the upstreams. */
export function routeMistakes(view: DocumentView, policies: readonly PolicyDefinition[]): Finding[] {
  const answers = answersAlways(view, policies);
  return view.routes.flatMap((route, index) => {
    const path: Path = ['routes', index];
    return [
      ...upstreamMistake(view, route, path, answers),
      ...rewriteMistakes(view, route, path),
      ...streamingMistakes(view, route, path),
      ...pathMistakes(route, path),
    ];
  });
}

/** Two routes with one name. */
export function nameMistakes({ routes }: DocumentView): Finding[] {
  const first = new Map<string, number>();
  return routes.flatMap(({ name }, index): Finding[] => {
    if (name === undefined) return [];
    const earlier = first.get(name);
    if (earlier === undefined) {
      first.set(name, index);
      return [];
    }
    const found = `the name ${JSON.stringify(name)} is taken by another route above`;
    return [{ path: ['routes', index, 'name'], found, remedy: 'give each route its own name, or none' }];
  });
}

function upstreamMistake(
  view: DocumentView,
  route: Route,
  path: Path,
  answers: (route: Route) => boolean | undefined,
): Finding[] {
  if (route.upstream !== undefined) {
    if (view.upstreams === undefined || view.upstreams.has(route.upstream)) return [];
    const names = [...view.upstreams.keys()];
    const meant = nearest(route.upstream, names);
    const known =
      names.length === 0 ? 'write it under upstreams first' : `write one of ${names.slice(0, 20).join(', ')}`;
    return [
      {
        path: [...path, 'upstream'],
        found: `there is no upstream ${JSON.stringify(route.upstream)}`,
        remedy: meant === undefined ? known : `did you mean "${meant}"?`,
      },
    ];
  }
  if (view.has([...path, 'upstream']) || answers(route) !== false) return [];
  return [
    {
      path,
      found: 'the route has no upstream',
      remedy: 'write upstream: and a name, or add a policy that always answers, such as respond or redirect',
    },
  ];
}

/** Whether a route's policies, with the global ones, never let a request through to a target; undefined if unknown. */
function answersAlways(
  view: DocumentView,
  policies: readonly PolicyDefinition[],
): (route: Route) => boolean | undefined {
  const byName = new Map(policies.map((policy) => [policy.name, policy]));
  const always = (uses: readonly { name: string; options: unknown }[]): boolean =>
    uses.some(({ name, options }) => byName.get(name)?.alwaysAnswers?.(options) === true);
  const globally = view.policies === undefined ? undefined : always(view.policies);
  return (route) => {
    if (globally === true) return true;
    if (globally === undefined || route.policies === undefined) return undefined;
    return always(route.policies);
  };
}

function rewriteMistakes(view: DocumentView, route: Route, path: Path): Finding[] {
  const findings: Finding[] = [];
  const { stripPrefix, rewrite, path: match } = route;
  if (stripPrefix === true && view.has([...path, 'rewrite'])) {
    findings.push({
      path: [...path, 'rewrite'],
      at: 'key',
      found: 'the route has both stripPrefix and rewrite',
      remedy: 'keep one: rewrite says the whole path',
    });
  } else if (stripPrefix === true && match !== undefined && match.type !== 'prefix') {
    findings.push({
      path: [...path, 'stripPrefix'],
      at: 'key',
      found: `stripPrefix needs a prefix, and the path is ${article(match.type)}`,
      remedy: 'write rewrite: with the path the service should see',
    });
  }
  if (rewrite !== undefined && match !== undefined) {
    try {
      compilePathTemplate(rewrite, paramNames(match));
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      findings.push({ path: [...path, 'rewrite'], found: error.message, remedy: error.remedy });
    }
  }
  if (!view.has([...path, 'upstream'])) findings.push(...needUpstream(view, path));
  return findings;
}

/** Options that say how a target is asked, on a route that asks none. */
function needUpstream(view: DocumentView, path: Path): Finding[] {
  const options = [
    ['stripPrefix'],
    ['rewrite'],
    ['preserveHost'],
    ['timeouts', 'responseHeaders'],
    ['timeouts', 'bodyIdle'],
  ];
  return options
    .map((option) => [...path, ...option])
    .filter((option) => view.has(option))
    .map((option) => ({
      path: option,
      at: 'key',
      found: `${String(option.at(-1))} has no effect: the route has no upstream`,
      remedy: 'leave it out, or write upstream:',
    }));
}

function streamingMistakes(view: DocumentView, route: Route, path: Path): Finding[] {
  if (route.streaming !== true) return [];
  return ['exchange', 'requestBody']
    .map((option) => [...path, 'timeouts', option])
    .filter((option) => view.has(option))
    .map((option) => ({
      path: option,
      at: 'key',
      found: `${String(option.at(-1))} has no effect: the route is streaming`,
      remedy: 'leave it out, or leave streaming out',
    }));
}

/** A path that no request can have, because its encoded separators are refused before the route is asked. */
function pathMistakes({ path: match, allowEncodedSeparators }: Route, path: Path): Finding[] {
  if (match === undefined || match.type === 'regex' || allowEncodedSeparators !== false) return [];
  if (!hasEncodedSeparator(match.value)) return [];
  return [
    {
      path: [...path, 'path'],
      found: 'the path has an encoded separator, and such requests are refused',
      remedy: 'set allowEncodedSeparators: true on the route, or write another path',
    },
  ];
}

function article(type: string): string {
  return type === 'exact' ? 'an exact one' : `a ${type === 'regex' ? 'regular expression' : type}`;
}
