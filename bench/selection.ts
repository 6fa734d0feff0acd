import { missingProgram } from './debian.ts';
import type { Flags } from './flags.ts';
import { rivals } from './proxies/all.ts';
import type { Proxy } from './proxy.ts';
import { scenarios as allScenarios } from './scenarios/all.ts';
import type { Scenario } from './scenario.ts';

/**
 * The scenarios that flags ask for.
 * @throws RangeError for one that does not exist.
 */
export function selectScenarios({ only, smoke, profile }: Flags): readonly Scenario[] {
  const wanted = only.length === 0 && (smoke || profile !== undefined) ? ['1'] : only;
  if (wanted.length === 0) return allScenarios;
  const matches = ({ id }: Scenario, number: string): boolean =>
    id === number || id.replace(/[a-z]$/, '') === number;
  const unknown = wanted.filter((number) => !allScenarios.some((scenario) => matches(scenario, number)));
  if (unknown.length > 0)
    throw new RangeError(
      `There is no scenario ${unknown.join(' or ')}; there are ${allScenarios.map(({ id }) => id).join(', ')}`,
    );
  return allScenarios.filter((scenario) => wanted.some((number) => matches(scenario, number)));
}

/**
 * The proxies that flags ask for, without those whose program is missing here: they are named, with the line that installs
 * them.
 * @param own the builds of Waygate.
 * @throws RangeError for one that does not exist.
 */
export function selectProxies(flags: Flags, own: readonly Proxy[], warn: (line: string) => void): Proxy[] {
  const wanted = wantedKeys(flags);
  const known = new Set(['waygate', ...own.map(({ key }) => key), ...rivals.map(({ key }) => key)]);
  const unknown = (wanted ?? []).filter((key) => !known.has(key));
  if (unknown.length > 0)
    throw new RangeError(`There is no proxy ${unknown.join(' or ')}; there are ${[...known].join(', ')}`);
  const isThere = (proxy: Proxy): boolean => {
    const missing = proxy.missing?.();
    if (missing !== undefined) warn(`${proxy.name} is left out: ${missing}`);
    return missing === undefined;
  };
  const selected = rivals.filter(
    (proxy) => (wanted === undefined || wanted.includes(proxy.key)) && isThere(proxy),
  );
  const wrk = missingProgram('wrk');
  if (wrk !== undefined) warn(`A slower Node program makes the load: ${wrk}`);
  // Behind the yardstick, so that tables begin with the two.
  const builds = own.filter(
    (proxy) =>
      (wanted === undefined || wanted.includes('waygate') || wanted.includes(proxy.key)) && isThere(proxy),
  );
  selected.splice(selected[0]?.key === 'nginx' ? 1 : 0, 0, ...builds);
  return selected;
}

/** Whether Waygate has to be built. */
export function wantsWaygate(flags: Flags): boolean {
  return wantedKeys(flags)?.some((key) => /^waygate\b/.test(key)) ?? true;
}

/** Whether a run is one whose figures may be published: everything took part, and long enough. */
export function isComplete(flags: Flags, selected: readonly Proxy[]): boolean {
  const { only, proxies, compare, profile, smoke, rounds, seconds } = flags;
  if (only.length > 0 || proxies.length > 0 || rounds < 3 || seconds < 2) return false;
  if (compare !== undefined || profile !== undefined || smoke) return false;
  return rivals.every((rival) => selected.includes(rival));
}

/** Undefined is all. */
function wantedKeys({ proxies, compare, profile, smoke }: Flags): readonly string[] | undefined {
  if (proxies.length > 0) return proxies;
  if (profile !== undefined) return [profile];
  if (smoke) return ['nginx', 'waygate', 'fastify'];
  if (compare !== undefined) return ['nginx', 'waygate'];
  return undefined;
}
