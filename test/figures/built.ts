import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** Compiles the package as it is published. @returns its program. */
export function buildPackage(): string {
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
  return join(root, 'dist/cli/main.js');
}
