import { join } from 'node:path';
import type { Proxy, Setup } from '../proxy.ts';
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
}

/** Waygate as its users run it: compiled, with Node's defaults. */
export function waygate(build: Build, names = { key: 'waygate', name: 'Waygate' }): Proxy {
  return launched(build, names, {});
}

/** Variants of a build that take part in the scenarios about them. */
export function waygateVariants(build: Build): Proxy[] {
  const two = { key: 'waygate-2-threads', name: 'Waygate, 2 threads' };
  const plain = { key: 'waygate-plain', name: 'Waygate without policies' };
  return [launched(build, two, { threads: 2 }), launched(build, plain, { isPlain: true })].map((proxy) => ({
    ...proxy,
    isVariant: true,
  }));
}

function launched(build: Build, names: Pick<Proxy, 'key' | 'name'>, variant: Variant): Proxy {
  return {
    ...names,
    runsOnNode: true,
    threads: variant.threads ?? 1,
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

function configuration(setup: Setup, { threads, isPlain = false }: Variant): object {
  const { port, targetPort, routes, observed, policies } = setup;
  return {
    listen: `127.0.0.1:${port}`,
    ...(threads !== undefined && { workers: threads }),
    ...(observed && { admin: { port: 0 } }),
    upstreams: { target: { targets: [`http://127.0.0.1:${targetPort}`], limits: { inFlight: 4096 } } },
    ...(policies !== undefined && !isPlain && { policies: policies.waygate }),
    routes: routeNames(routes).map((path) => ({ path, upstream: 'target' })),
    limits: { connections: 12_000 },
    log: { access: observed ? 'json' : 'off', level: 'error' },
  };
}
