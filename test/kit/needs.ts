import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs that tests use, with the Debian package that each comes in. `.ci/run` installs all of them. */
const debianPackages = {
  curl: 'curl',
  haproxy: 'haproxy',
  nginx: 'nginx',
  openssl: 'openssl',
  promtool: 'prometheus',
  'redis-server': 'redis-server',
  slowhttptest: 'slowhttptest',
  wrk: 'wrk',
} as const satisfies Readonly<Record<string, string>>;

/** A program that a test may need. */
export type Program = keyof typeof debianPackages;

/**
 * The `skip` option of a test that needs a program: false when it is there, otherwise a reason with the line that
 * installs it. `npm run check` lets no test be skipped where `CI` is set.
 */
export function needs(program: Program): string | false {
  if (findProgram(program) !== undefined) return false;
  return `needs ${program}: sudo apt-get install -y ${debianPackages[program]}`;
}

/** Where a program is, or undefined. Debian keeps some in `/usr/sbin`, which an ordinary user's PATH leaves out. */
export function findProgram(program: Program): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
