import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { compiledProgram } from '../compile-programs.ts';
import type { Proxy, Setup } from '../proxy.ts';

/**
 * Express with http-proxy-middleware as tutorials show it: version 3, which they are written for, a target on localhost, and
 * `changeOrigin`. Without an agent it opens a connection for each request; version 4 keeps them by itself.
 */
export const expressTutorial = nodeProgram(
  'express-tutorial',
  'Express, http-proxy-middleware 3 as in tutorials',
  'http-proxy-middleware-3',
);

/** The same program on version 4, which keeps connections by itself. */
export const expressTutorial4: Proxy = {
  ...nodeProgram(
    'express-tutorial-4',
    'Express, http-proxy-middleware 4 as in tutorials',
    'http-proxy-middleware',
  ),
  isVariant: true,
};

/** Express with the newest http-proxy-middleware and an agent that keeps its connections, as one writes it who has measured. */
export const expressKeepAlive = nodeProgram(
  'express-keep-alive',
  'Express, http-proxy-middleware with keep-alive',
  'http-proxy-middleware',
);

/** Fastify with its own proxy plugin, which keeps connections by itself. */
export const fastifyHttpProxy = nodeProgram('fastify', 'Fastify, @fastify/http-proxy', '@fastify/http-proxy');

/** What is left when one writes it by hand: `node:http` towards clients, undici towards the target. */
export const nodeUndici = nodeProgram('node-undici', 'node:http and undici', 'undici');

function nodeProgram(key: string, name: string, packageName: string): Proxy {
  return {
    key,
    name,
    runsOnNode: true,
    version: () => packageVersion(packageName),
    launch: (setup) => ({
      command: [process.execPath, compiledProgram(key)],
      env: environment(setup),
    }),
  };
}

/** What a program is told. */
export function environment({ port, targetPort, routes, observed }: Setup): Record<string, string> {
  return {
    NODE_ENV: 'production',
    PORT: String(port),
    TARGET_PORT: String(targetPort),
    ROUTES: String(routes),
    OBSERVED: observed ? '1' : '',
  };
}

function packageVersion(name: string): string {
  // Not every package exports its package.json, so it is looked for above the package's main file.
  const marker = join('node_modules', name);
  const main = createRequire(import.meta.url).resolve(name);
  const root = main.slice(0, main.lastIndexOf(marker) + marker.length);
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  return version;
}
