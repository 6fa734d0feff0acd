import { existsSync, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import module from 'node:module';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';

/**
 * Lets Node keep what it compiles, so that the next start need not compile it again: in `waygate` below the user's cache
 * directory (`XDG_CACHE_HOME`, or `~/.cache`). Written when the process ends, read at the next start.
 *
 * What lies there is run as code. So it is used only where nobody but this user and root can write, all the way up to
 * the root of the disk; otherwise nothing is kept, which costs a little time and is no mistake. `NODE_COMPILE_CACHE` and
 * `NODE_DISABLE_COMPILE_CACHE` of Node itself come first.
 */
export function keepCompiledCode(env: NodeJS.ProcessEnv): void {
  if (env['NODE_COMPILE_CACHE'] !== undefined) return;
  const directory = cacheDirectory(env);
  if (directory !== undefined) module.enableCompileCache(directory);
}

function cacheDirectory(env: NodeJS.ProcessEnv): string | undefined {
  const base = env['XDG_CACHE_HOME'];
  // The XDG Base Directory Specification: a path that is relative is to be ignored.
  if (base !== undefined && isAbsolute(base)) return privateDirectory(base, ['waygate']);
  try {
    return privateDirectory(homedir(), ['.cache', 'waygate']);
  } catch {
    // A user without HOME, and without an entry in the list of users.
    return undefined;
  }
}

/**
 * Makes a directory that is this user's alone, or finds that it is there.
 * @param base a directory; where it does not exist, nothing is made.
 * @param names what is made below it, one in the other.
 * @returns its real path; undefined when it cannot be made, or somebody else could put something into it. Also on
 *   systems without user ids, where nothing here tells whose it is.
 */
export function privateDirectory(base: string, names: readonly string[]): string | undefined {
  const user = process.geteuid?.();
  if (user === undefined || !isAbsolute(base)) return undefined;
  try {
    let directory = realpathSync(base);
    for (const name of names) {
      // Looked at before anything is made: HOME may name the home of somebody else, as behind some a `sudo`.
      if (!isOutOfReach(directory, user)) return undefined;
      const below = join(directory, name);
      // One by one: a recursive `mkdirSync` of Node 24 never returns from where nothing can be made, such as /proc.
      if (!existsSync(below)) mkdirSync(below, { mode: 0o700 });
      directory = realpathSync(below);
    }
    const { uid, mode } = lstatSync(directory);
    return uid === user && (mode & 0o077) === 0 && isOutOfReach(directory, user) ? directory : undefined;
  } catch {
    return undefined;
  }
}

/** Whether only this user and root can write into a directory and those above: in one above, another could take its place. */
function isOutOfReach(directory: string, user: number): boolean {
  const { uid, mode } = lstatSync(directory);
  if ((uid !== user && uid !== 0) || (mode & 0o022) !== 0) return false;
  const above = dirname(directory);
  return above === directory || isOutOfReach(above, user);
}
