import type { Draft, DraftRoute } from '../draft.ts';
import type { Place, ReportWriter } from '../report.ts';
import { nameByAddress, nameByHost, upstreamFor } from '../upstream-names.ts';
import { buildRoutes, type BuiltRoute } from './build-routes.ts';
import type { Mount } from './mount-shape.ts';
import { approximated, type OptionsPlan, type Said } from './options-plan.ts';
import { headerPolicies, reportVerdict, timeoutsOf, upstreamSettings } from './plan-settings.ts';
import { readOptions } from './read-options.ts';
import type { Described, RecordedCall } from './recorder/recording.ts';

/** A call whose options have been read. */
export interface ReadCall {
  readonly call: RecordedCall;
  readonly plan: OptionsPlan;
  /** Exactly one verdict for each thing that the call says. */
  readonly said: readonly Said[];
  /** Whether it sees the path that the client asked for, wherever it is mounted. */
  readonly keepsMount: boolean;
}

type Entries = readonly (readonly [key: string, value: Described])[];

/** Reads the arguments of a call, by what the package took them for in its version. */
export function readCall(call: RecordedCall, draft: Draft, report: ReportWriter): ReadCall {
  const said: Said[] = [];
  const plan = readOptions(entriesOf(call), { draft, report, place: call.place, said });
  return { call, plan, said, keepsMount: keepsMount(call) };
}

/** Puts the verdicts on a call into the report. */
export function reportCall({ call, said }: ReadCall, report: ReportWriter): void {
  for (const { subject, value, verdict, place = call.place } of said) {
    const what = value === '' ? subject : `${subject}: ${value}`;
    reportVerdict(report, what, verdict, place);
  }
}

/** The routes for a call in one place; none where it cannot be said which requests it takes. */
export function routesOf(
  read: ReadCall,
  mount: Mount,
  draft: Draft,
  report: ReportWriter,
  place: Place | undefined,
): DraftRoute[] {
  const { plan } = read;
  if (plan.filterUnknown || (plan.target === undefined && plan.table.length === 0)) return [];
  const { routes, missing, leftovers } = buildRoutes(mount, plan, read.keepsMount);
  const where = mountText(mount);
  for (const { subject } of leftovers) {
    const said = read.said.find((each) => each.subject === subject);
    if (said !== undefined)
      said.verdict = approximated('stripPrefix', `it was for ${where}${where}, which goes on as ${where}`);
  }
  for (const why of missing)
    report.leaveOut(`the proxy at ${where}`, why, 'write a route with path: { regex: … } and rewrite', place);
  return routes.map((built) => draftRoute(built, read, mount, draft, place));
}

/** A place of the program as a report shows it. */
export function mountText({ strip, inner, method }: Mount): string {
  const path = `${strip.pattern}${inner?.pattern ?? ''}` || (inner === undefined ? '/' : inner.source || '/');
  return method === undefined ? path : `${method} ${path}`;
}

function draftRoute(
  built: BuiltRoute,
  { plan }: ReadCall,
  mount: Mount,
  draft: Draft,
  place: Place | undefined,
): DraftRoute {
  const { host, target: _, ...path } = built;
  const timeouts = timeoutsOf(plan);
  const where = mountText(mount);
  return {
    what: `the proxy at ${where}`,
    ...path,
    ...(place !== undefined && { place }),
    ...(host !== undefined && { hosts: [host] }),
    ...(mount.method !== undefined && { methods: [mount.method] }),
    upstream: upstreamOf(built, plan, mount, draft, place),
    ...(!plan.changeOrigin && { preserveHost: true }),
    ...(plan.websocket === false && { websocket: false }),
    ...(timeouts !== undefined && { timeouts }),
    policies: headerPolicies(plan),
  };
}

function upstreamOf(
  { target, path }: BuiltRoute,
  plan: OptionsPlan,
  mount: Mount,
  draft: Draft,
  place: Place | undefined,
): string {
  const byPath = path.type === 'prefix' ? path.value : mount.strip.literal || mount.inner?.literal || '';
  const names = [
    nameByHost(target.url),
    byPath.replaceAll('/', '-').replace(/^-+/, ''),
    nameByAddress(target.url),
  ];
  return upstreamFor(
    draft,
    names,
    [{ url: target.url }],
    upstreamSettings(plan, target.url),
    place === undefined ? {} : { place },
  );
}

/** The options of a call as entries, those of other packages in the words of http-proxy-middleware. */
function entriesOf({ package: from, args }: RecordedCall): Entries {
  const [first, second] = args;
  if (from === 'express-http-proxy') return entriesOfExpressHttpProxy(first, second);
  if (second?.type === 'map' || second?.type === 'other') {
    return [...(first === undefined ? [] : [['pathFilter', first] as const]), ...second.entries];
  }
  if (first?.type === 'plain' || first?.type === 'list') return shorthand(first);
  return first?.type === 'map' || first?.type === 'other' ? first.entries : [];
}

/** In version 2, a URL alone is target and path filter in one. */
function shorthand(value: Described): Entries {
  if (value.type !== 'plain' || typeof value.value !== 'string' || !URL.canParse(value.value)) {
    return [['pathFilter', value]];
  }
  const { origin, pathname } = new URL(value.value);
  return [
    ['pathFilter', { type: 'plain', value: pathname }],
    ['target', { type: 'plain', value: origin }],
  ];
}

function entriesOfExpressHttpProxy(host: Described | undefined, options: Described | undefined): Entries {
  const entries = options?.type === 'map' ? options.entries : [];
  const https = entries.some(
    ([key, value]) => key === 'https' && value.type === 'plain' && value.value === true,
  );
  const target: Described =
    host?.type === 'plain' && typeof host.value === 'string' && https && !host.value.includes('://')
      ? { type: 'plain', value: `https://${host.value}` }
      : (host ?? { type: 'plain', value: null });
  const preserve = entries.find(([key]) => key === 'preserveHostHdr')?.[1];
  const keeps = preserve?.type === 'plain' && preserve.value === true;
  return [
    ['target', target],
    ['changeOrigin', { type: 'plain', value: !keeps }],
    ...entries
      .filter(([key]) => key !== 'https' && key !== 'preserveHostHdr')
      .map(([key, value]) => [key === 'timeout' ? 'proxyTimeout' : key, value] as const),
  ];
}

/** Before version 3, calls saw the path that the client asked for, and so does what is called legacy in it. */
function keepsMount({ package: from, name, version, args }: RecordedCall): boolean {
  if (from !== 'http-proxy-middleware') return false;
  if (name === 'legacyCreateProxyMiddleware' || args.length >= 2) return true;
  if (version !== undefined) return Number.parseInt(version, 10) < 3;
  return args[0]?.type === 'plain';
}
