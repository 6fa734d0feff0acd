import { readFileSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { seen } from './state.ts';
import { watchExpress } from './watch-express.ts';

/** `.ts` in Waygate's own tree, `.js` in the package. */
const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));

const standIns: ReadonlyMap<string, string> = new Map([
  ['http-proxy-middleware', `./stand-in${extension}`],
  ['waygate/http-proxy-middleware', `./stand-in-waygate${extension}`],
  ['express-http-proxy', `./stand-in-express-http-proxy${extension}`],
]);

/** From now on, `import` and `require` get stand-ins for packages of proxies, and an Express that is watched. */
export function watchModules(): void {
  const watched = new Set<string>();
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const standIn = standIns.get(specifier);
      if (standIn !== undefined) {
        const version = versionOf(specifier, context.parentURL);
        if (version !== undefined) seen.versions.set(specifier, version);
        return { url: new URL(standIn, import.meta.url).href, shortCircuit: true };
      }
      const resolved = nextResolve(specifier, context);
      if (/^express\d*$/.test(specifier) && resolved.url.startsWith('file:') && !watched.has(resolved.url)) {
        watched.add(resolved.url);
        seen.expressVersion ??= versionOf(specifier, context.parentURL);
        // `import` will get what `require` gets here: Express is CommonJS, and kept once.
        watchExpress(createRequire(resolved.url)(fileURLToPath(resolved.url)));
      }
      return resolved;
    },
  });
}

/** The version of a package as installed for a module: Node looks in every `node_modules` on the way up. */
function versionOf(name: string, parent: string | undefined): string | undefined {
  if (parent?.startsWith('file:') !== true) return undefined;
  for (let folder = dirname(fileURLToPath(parent)); ; folder = dirname(folder)) {
    const version = versionIn(join(folder, 'node_modules', name, 'package.json'));
    if (version !== undefined || folder === dirname(folder)) return version;
  }
}

function versionIn(file: string): string | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof content !== 'object' || content === null || !('version' in content)) return undefined;
    return typeof content.version === 'string' ? content.version : undefined;
  } catch {
    return undefined;
  }
}
