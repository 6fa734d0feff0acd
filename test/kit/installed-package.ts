import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/**
 * Makes a folder a project in which this package is installed: its `exports`, each leading to the source that it is compiled
 * from, so that nothing has to be built. The sources are a link, for Node runs no TypeScript below node_modules.
 */
export function installWaygate(folder: string): void {
  const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { exports: unknown };
  const toSource = JSON.stringify(exports).replaceAll(/\.\/dist\/([^"]+?)\.(?:d\.ts|js)"/g, './src/$1.ts"');
  const place = join(folder, 'node_modules/waygate');
  mkdirSync(place, { recursive: true });
  writeFileSync(
    join(place, 'package.json'),
    `{ "name": "waygate", "type": "module", "exports": ${toSource} }`,
  );
  symlinkSync(join(root, 'src'), join(place, 'src'));
  // Whatever project there may be above is not this one.
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
}
