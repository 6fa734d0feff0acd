import { execFileSync } from 'node:child_process';
import { arch, cpus, release, totalmem, type } from 'node:os';
import { missingProgram, programVersion } from './debian.ts';
import type { Proxy } from './proxy.ts';

/** Where figures come from. */
export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  /** GiB. */
  readonly memory: number;
  readonly system: string;
  readonly commit: string;
  /** By name. */
  readonly versions: Readonly<Record<string, string>>;
}

/** Describes this machine and everything that takes part. */
export function describeMachine(proxies: readonly Proxy[]): Machine {
  const versions = proxies
    .filter(({ isVariant }) => isVariant !== true)
    .map((proxy): [string, string] => [proxy.name, proxy.version()]);
  const load = missingProgram('wrk') === undefined ? `wrk ${programVersion('wrk') ?? ''}` : 'a Node program';
  return {
    date: new Date().toISOString().slice(0, 10),
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memory: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
    commit: describeCommit(),
    versions: { Node: process.versions.node, ...Object.fromEntries(versions), load },
  };
}

/** The commit of the working tree, with a mark when something is not committed. */
export function describeCommit(): string {
  return git('describe', '--always', '--dirty', '--abbrev=10', '--exclude=*');
}

/** Asks git, at the project's root. */
export function git(...args: readonly string[]): string {
  const stdio = ['ignore', 'pipe', 'pipe'] as const;
  return execFileSync('git', args, {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    stdio: [...stdio],
  }).trimEnd();
}
