import { join } from 'node:path';
import { dropInProgram } from '../compile-programs.ts';
import { missingProgram } from '../debian.ts';
import type { Policies, Proxy, Setup } from '../proxy.ts';
import { environment } from './node-programs.ts';
import { routeNames } from '../routes.ts';

/** A compiled Waygate. */
export interface Build {
  /** The folder that holds `dist/`. */
  readonly folder: string;
  readonly version: string;
}

interface Variant {
  readonly threads?: number;
  /** Whether it leaves out the policies that the scenario asks for. */
  readonly isPlain?: boolean;
  /** How it counts requests in Redis. */
  readonly limits?: 'exact' | 'synced';
}

/** Waygate as its users run it: compiled, with Node's defaults. */
export function waygate(build: Build, names = { key: 'waygate', name: 'Waygate' }): Proxy {
  return launched(build, names, {});
}

/** Variants of a build that take part in the scenarios about them. */
export function waygateVariants(build: Build): Proxy[] {
  const two = { key: 'waygate-2-threads', name: 'Waygate, 2 threads' };
  const plain = { key: 'waygate-plain', name: 'Waygate without policies' };
  const exact = { key: 'waygate-exact', name: 'Waygate, limits in Redis, exact' };
  const synced = { key: 'waygate-synced', name: 'Waygate, limits in Redis, synced' };
  const variants = [
    launched(build, two, { threads: 2 }),
    launched(build, plain, { isPlain: true }),
    launched(build, exact, { limits: 'exact' }),
    launched(build, synced, { limits: 'synced' }),
    dropIn(build),
  ];
  return variants.map((proxy) => ({ ...proxy, isVariant: true }));
}

/** The tutorials' program, with its import changed to the drop-in for http-proxy-middleware and nothing else. */
function dropIn({ folder, version }: Build): Proxy {
  return {
    key: 'waygate-drop-in',
    name: 'Express, the same with waygate/http-proxy-middleware',
    runsOnNode: true,
    version: () => version,
    launch: (setup) => ({ command: [process.execPath, dropInProgram(folder)], env: environment(setup) }),
  };
}

function launched(build: Build, names: Pick<Proxy, 'key' | 'name'>, variant: Variant): Proxy {
  return {
    ...names,
    runsOnNode: true,
    threads: variant.threads ?? 1,
    ...(variant.limits !== undefined && { missing: () => missingProgram('redis-server') }),
    version: () => build.version,
    launch: (setup) => ({
      command: [
        process.execPath,
        join(build.folder, 'dist/cli/main.js'),
        'start',
        join(setup.folder, 'waygate.json'),
      ],
      files: { 'waygate.json': JSON.stringify(configuration(setup, variant), null, 2) },
      env: { NODE_ENV: 'production' },
    }),
  };
}

function configuration(setup: Setup, { threads, isPlain = false, limits }: Variant): object {
  const { port, targetPort, routes, observed, policies, redisPort } = setup;
  return {
    listen: `127.0.0.1:${port}`,
    ...(threads !== undefined && { workers: threads }),
    ...(observed && { admin: { port: 0 } }),
    upstreams: { target: { targets: [`http://127.0.0.1:${targetPort}`], limits: { inFlight: 4096 } } },
    ...(limits !== undefined && { redis: `redis://127.0.0.1:${redisPort}` }),
    ...(policies !== undefined && !isPlain && { policies: inMode(policies.waygate, limits) }),
    routes: routeNames(routes).map((path) => ({ path, upstream: 'target' })),
    limits: { connections: 12_000 },
    log: { access: observed ? 'json' : 'off', level: 'error' },
  };
}

/** The policies, with limits that are counted in Redis if they are to be. */
function inMode(policies: Policies['waygate'], mode: Variant['limits']): Policies['waygate'] {
  if (mode === undefined) return policies;
  return policies.map((policy) => {
    const limit = policy['rate-limit'];
    return limit === undefined ? policy : { 'rate-limit': { ...limit, mode } };
  });
}
