import { spawnSync } from 'node:child_process';

/** Debian keeps servers where an ordinary user's PATH does not look. */
const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` };

/** Why a program from Debian cannot be used, with the line that installs it; undefined when it can. */
export function missingProgram(program: string): string | undefined {
  if (programVersion(program) !== undefined) return undefined;
  return `${program} is not installed: sudo apt-get install -y ${program}`;
}

/** What a program says its version is; undefined when it is not installed. */
export function programVersion(program: string): string | undefined {
  const { error, stdout, stderr } = spawnSync(program, ['-v'], { env, encoding: 'utf8' });
  if (error !== undefined) return undefined;
  return /\d+\.\d+[\d.]*/.exec(stdout + stderr)?.[0] ?? 'unknown';
}

/** Where programs are looked for. */
export const searchPath = env.PATH;
