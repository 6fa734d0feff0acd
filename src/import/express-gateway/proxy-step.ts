import type { Draft, DraftRoute } from '../draft.ts';
import { literal } from '../draft.ts';
import type { OptionsPlan, Said } from '../express/options-plan.ts';
import { headerPolicies, reportVerdict, timeoutsOf, upstreamSettings } from '../express/plan-settings.ts';
import { readOptions } from '../express/read-options.ts';
import { targetOf, type ReadTarget } from '../express/read-target.ts';
import type { Described } from '../express/recorder/recording.ts';
import { replacePrefix } from '../path-change.ts';
import type { Place, ReportWriter } from '../report.ts';
import { upstreamFor } from '../upstream-names.ts';
import { reportOthers } from './other-keys.ts';
import type { EndpointPath } from './endpoints.ts';
import { stepText } from './pipelines.ts';
import { at, entriesOf, isTrue, listOf, textOf, type Tree } from './yaml-tree.ts';

/** What a `proxy` step makes of a route. */
export type ProxyChange = Pick<
  DraftRoute,
  'path' | 'upstream' | 'stripPrefix' | 'rewrite' | 'preserveHost' | 'timeouts' | 'policies'
>;

/** Options of `proxy` that are not those of http-proxy. */
const own = new Set([
  'serviceEndpoint',
  'stripPath',
  'strategy',
  'proxyUrl',
  'changeOrigin',
  'proxyOptions',
  'target',
]);

/** Reads a `proxy` step for one path; undefined, and reported, when there is no service to ask. */
export function readProxy(
  action: Tree | undefined,
  place: Place,
  { path, strip }: EndpointPath,
  services: Tree | undefined,
  draft: Draft,
  report: ReportWriter,
): ProxyChange | undefined {
  const name = textOf(at(action, 'serviceEndpoint')) ?? '';
  const what = stepText({ policy: 'proxy', action });
  const service = at(services, name);
  const targets = service === undefined ? undefined : targetsOf(name, service, report);
  const [first] = targets ?? [];
  if (targets === undefined || first === undefined) {
    report.leaveOut(
      what,
      'there is no such service endpoint with an address',
      'write an upstream, and name it in the route',
      place,
    );
    return undefined;
  }
  const plan = readProxyOptions(action, service, first.url, place, draft, report);
  if (targets.some((each) => each.path !== first.path))
    report.approximate(
      `serviceEndpoint ${name}`,
      'an upstream',
      `all targets are asked below ${first.path === '' ? '/' : first.path}, the path of the first`,
      service?.place,
    );
  const upstream = upstreamFor(
    draft,
    [name],
    [...new Set(targets.map(({ url }) => url))].map((url) => ({ url })),
    upstreamSettings(plan, first.url),
    service === undefined ? {} : { place: service.place },
  );
  report.translate(what, `upstream: ${upstream}`, place);
  const timeouts = timeoutsOf(plan);
  return {
    ...changeOf(path, isTrue(at(action, 'stripPath')) ? strip : undefined, plan, first.path),
    upstream,
    // The default of Express Gateway is the target's own host.
    ...(changesOrigin(action) ? {} : { preserveHost: true }),
    ...(timeouts !== undefined && { timeouts }),
    policies: headerPolicies(plan),
  };
}

/** Options of http-proxy: those of the step, and of the service endpoint. */
function readProxyOptions(
  action: Tree | undefined,
  service: Tree | undefined,
  target: string,
  place: Place,
  draft: Draft,
  report: ReportWriter,
): OptionsPlan {
  const said: Said[] = [];
  const merged = [
    ...entriesOf(action),
    ...entriesOf(at(action, 'proxyOptions')),
    ...entriesOf(at(service, 'proxyOptions')),
  ];
  const entries = merged
    .filter(([key]) => !own.has(key))
    .map(([key, value]) => [key, described(value)] as const);
  const plan = readOptions([['target', { type: 'plain', value: target }], ...entries], {
    draft,
    report,
    place,
    said,
  });
  reportOptions(said, merged, report, place);
  return plan;
}

function targetsOf(name: string, service: Tree, report: ReportWriter): ReadTarget[] {
  const urls = at(service, 'url') ?? at(service, 'urls');
  reportOthers(service, ['url', 'urls', 'proxyOptions'], `serviceEndpoint ${name}`, report);
  return listOf(urls).flatMap((item) => {
    const target = targetOf({ type: 'plain', value: textOf(item) ?? null });
    if (!('verdict' in target)) return [target];
    if (target.verdict.type === 'left-out')
      report.leaveOut(`serviceEndpoint ${name}`, target.verdict.why, target.verdict.remedy, item.place);
    return [];
  });
}

function changeOf(
  path: EndpointPath['path'],
  strip: string | undefined,
  plan: OptionsPlan,
  targetPath: string,
): Pick<DraftRoute, 'path' | 'stripPrefix' | 'rewrite'> {
  const base = plan.prependPath ? targetPath : '';
  if (plan.ignorePath) return { path, rewrite: literal(base === '' ? '/' : base) };
  if (strip !== undefined && strip !== '' && path.type === 'prefix')
    return replacePrefix(path.value, base, 'slash');
  return base === '' ? { path } : { path, rewrite: `${literal(base)}\${request.path}` };
}

function changesOrigin(action: Tree | undefined): boolean {
  const value = at(action, 'changeOrigin') ?? at(at(action, 'proxyOptions'), 'changeOrigin');
  return !(value?.type === 'scalar' && value.value === false);
}

function reportOptions(
  said: readonly Said[],
  merged: readonly (readonly [string, Tree])[],
  report: ReportWriter,
  place: Place,
): void {
  for (const { subject, value, verdict } of said) {
    if (subject === 'target') continue;
    const what = `policy proxy: ${subject}: ${value}`;
    const there =
      merged.find(([key]) => subject === key || subject.startsWith(`${key}.`))?.[1].place ?? place;
    reportVerdict(report, what, verdict, there);
  }
  for (const [key, value] of merged) {
    const what = `policy proxy: ${key}`;
    if (key === 'proxyUrl')
      report.leaveOut(
        what,
        'targets are asked directly',
        'name the address of the service itself',
        value.place,
      );
    else if (key === 'target')
      report.leaveOut(what, 'it has to do with certificates', 'set tls of the upstream', value.place);
    else if (key === 'strategy') report.translate(what, 'balance: round-robin', value.place);
    else if (key === 'stripPath')
      report.translate(what, isTrue(value) ? 'stripPrefix or rewrite' : 'nothing: it is off', value.place);
    else if (key === 'changeOrigin')
      report.translate(what, 'preserveHost, or what Waygate does by itself', value.place);
  }
}

function described(tree: Tree): Described {
  if (tree.type === 'map')
    return { type: 'map', entries: tree.entries.map(([key, value]) => [key, described(value)] as const) };
  if (tree.type === 'list') return { type: 'list', items: tree.items.map(described) };
  return { type: 'plain', value: tree.value };
}
