import { join } from 'node:path';
import type { Proxy, Setup } from '../proxy.ts';
import { routeNames } from '../routes.ts';

/**
 * Waygate as its users run it: compiled, with Node's defaults.
 * @param build the folder that holds `dist/`.
 */
export function waygate(key: string, name: string, build: string, version: string): Proxy {
  return {
    key,
    name,
    version: () => version,
    launch: (setup) => ({
      command: [
        process.execPath,
        join(build, 'dist/cli/main.js'),
        'start',
        join(setup.folder, 'waygate.json'),
      ],
      files: { 'waygate.json': JSON.stringify(configuration(setup), null, 2) },
      env: { NODE_ENV: 'production' },
    }),
  };
}

function configuration({ port, targetPort, routes, observed }: Setup): object {
  return {
    listen: `127.0.0.1:${port}`,
    ...(observed && { admin: { port: 0 } }),
    upstreams: { target: { targets: [`http://127.0.0.1:${targetPort}`], limits: { inFlight: 4096 } } },
    routes: routeNames(routes).map((path) => ({ path, upstream: 'target' })),
    limits: { connections: 12_000 },
    log: { access: observed ? 'json' : 'off', level: 'error' },
  };
}
