import { resolve } from 'node:path';
import { loadConfig, type LoadResult } from '../config/load-config.ts';
import type { Mistake } from '../config/mistake.ts';
import { readFileFromDisk } from '../config/read-file.ts';
import { builtInPolicies } from '../gateway/built-in-policies.ts';
import { withIdleCore } from '../gateway/idle-core.ts';
import { SnapshotError } from '../gateway/snapshot.ts';
import { closedDoor, dropUnusedUpstreams, type Draft, type DraftPolicy } from './draft.ts';
import type { ReportWriter } from './report.ts';
import { writeDraft } from './write-draft.ts';

/** Every round drops what has mistakes; what that leaves behind may have others, but not for ever. */
const maxRounds = 30;

/**
 * Makes sure that the gateway would start with a draft: what `waygate check` finds wrong is taken out, and reported with
 * its remedy. What kept requests out is not taken out but replaced by something that lets nobody pass.
 *
 * @param folder where the file will be; names of files in it are relative to that.
 */
export async function checkDraft(
  draft: Draft,
  folder: string,
  report: ReportWriter,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  for (let round = 0; round < maxRounds; round++) {
    const mistakes = await mistakesIn(draft, folder, environment);
    if (mistakes.length === 0) return;
    dropMistakes(draft, mistakes, report);
  }
  draft.routes = [];
}

/** What `waygate check` would say of the file. */
export async function mistakesIn(
  draft: Draft,
  folder: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly Mistake[]> {
  const file = resolve(folder, 'waygate-import.yaml');
  const text = Buffer.from(writeDraft(draft, './schema.json'));
  const env = { ...environment, ...Object.fromEntries(draft.secrets) };
  const loaded = await loadConfig(file, {
    policies: builtInPolicies,
    env,
    readFile: (path, limit) => (path === file ? Promise.resolve(text) : readFileFromDisk(path, limit)),
  });
  return loaded.ok ? mistakesOfPolicies(loaded) : loaded.mistakes;
}

function mistakesOfPolicies(loaded: LoadResult & { readonly ok: true }): Promise<readonly Mistake[]> {
  return withIdleCore(builtInPolicies, (core) => {
    try {
      core.compile(loaded.config).retire();
      return [];
    } catch (error) {
      if (error instanceof SnapshotError) return loaded.locate(error.findings);
      throw error;
    }
  });
}

/** Keys of a route without which it still does what it is for. */
const optionalKeys = new Set(['timeouts', 'limits']);

function dropMistakes(draft: Draft, mistakes: readonly Mistake[], report: ReportWriter): void {
  const routes = new Set<number>();
  for (const mistake of oneOfEach(mistakes)) {
    const [top, at] = mistake.path;
    if (top === 'routes' && typeof at === 'number') {
      if (!mendRoute(draft, at, mistake, report)) routes.add(at);
    } else if (top === 'upstreams' && typeof at === 'string') dropUpstream(draft, at, mistake, report);
    else if (top === 'policies' && typeof at === 'number') dropPolicy(draft.policies, at, mistake, report);
    else dropSetting(draft, String(top), mistake, report);
  }
  draft.routes = draft.routes.filter((_, index) => !routes.has(index));
  dropUnusedUpstreams(draft);
}

/** The first mistake of each policy, the last policies first: to drop one moves those behind it. */
function oneOfEach(mistakes: readonly Mistake[]): readonly Mistake[] {
  const byPolicy = new Map<string, Mistake>();
  const others: Mistake[] = [];
  for (const mistake of mistakes) {
    const at = policyIndex(mistake);
    const key = JSON.stringify(
      mistake.path.slice(0, at === undefined ? 0 : mistake.path.indexOf('policies') + 2),
    );
    if (at === undefined) others.push(mistake);
    else if (!byPolicy.has(key)) byPolicy.set(key, mistake);
  }
  const policies = [...byPolicy.values()].toSorted((a, b) => (policyIndex(b) ?? 0) - (policyIndex(a) ?? 0));
  return [...policies, ...others];
}

/** Which policy of its list a mistake is in. */
function policyIndex({ path }: Mistake): number | undefined {
  const at = path[0] === 'policies' ? path[1] : path[2] === 'policies' ? path[3] : undefined;
  return typeof at === 'number' ? at : undefined;
}

/** @returns whether the route can stay. */
function mendRoute(draft: Draft, at: number, mistake: Mistake, report: ReportWriter): boolean {
  const route = draft.routes[at];
  const key = String(mistake.path[2]);
  const policyAt = mistake.path[3];
  if (route === undefined) return true;
  if (key === 'policies' && typeof policyAt === 'number') {
    const policies = [...route.policies];
    dropPolicy(policies, policyAt, mistake, report);
    draft.routes[at] = { ...route, policies };
    return true;
  }
  if (mistake.path.length === 2 && !answers(route)) {
    report.leaveOut(route.what, mistake.found, mistake.remedy, route.place);
    draft.routes[at] = withoutUpstream(route);
    return true;
  }
  if (optionalKeys.has(key)) {
    const { [key as 'limits']: _, ...rest } = route;
    draft.routes[at] = rest;
  }
  report.leaveOut(
    optionalKeys.has(key) ? `${key} of ${route.what}` : route.what,
    mistake.found,
    mistake.remedy,
    route.place,
  );
  return optionalKeys.has(key);
}

function dropPolicy(policies: DraftPolicy[], at: number, mistake: Mistake, report: ReportWriter): void {
  const policy = policies[at];
  if (policy === undefined) return;
  const door = policy.protects === true ? [closedDoor(policy.name)] : [];
  policies.splice(at, 1, ...door);
  report.leaveOut(`the policy ${policy.name}`, mistake.found, mistake.remedy);
}

function dropUpstream(draft: Draft, name: string, mistake: Mistake, report: ReportWriter): void {
  const upstream = draft.upstreams.find((each) => each.name === name);
  const key = String(mistake.path[2]);
  if (upstream === undefined) return;
  report.leaveOut(`the upstream ${name}`, mistake.found, mistake.remedy, upstream.place);
  if (key in upstream.settings) {
    upstream.settings = Object.fromEntries(
      Object.entries(upstream.settings).filter(([each]) => each !== key),
    );
    return;
  }
  draft.routes = draft.routes.map((route) => (route.upstream === name ? withoutUpstream(route) : route));
}

function answers({ upstream, policies }: Draft['routes'][number]): boolean {
  return upstream !== undefined || policies.some(({ name }) => name === 'respond' || name === 'redirect');
}

/** A route whose upstream cannot be named: it is there, and says so, rather than letting another take its requests. */
function withoutUpstream(route: Draft['routes'][number]): Draft['routes'][number] {
  const { upstream, stripPrefix: _, rewrite: __, preserveHost: ___, timeouts: ____, ...rest } = route;
  const answer: DraftPolicy = {
    name: 'respond',
    options: { status: 502 },
    comment: `The target of ${upstream ?? 'this'} could not be used: write the upstream here.`,
  };
  return { ...rest, policies: [...rest.policies, answer] };
}

function dropSetting(draft: Draft, key: string, mistake: Mistake, report: ReportWriter): void {
  report.leaveOut(key, mistake.found, mistake.remedy);
  if (key === 'listen') draft.listen = [{ value: 3000 }];
  else if (
    key === 'admin' ||
    key === 'redis' ||
    key === 'timeouts' ||
    key === 'limits' ||
    key === 'trustedProxies'
  )
    Reflect.deleteProperty(draft, key);
  else draft.routes = [];
}
