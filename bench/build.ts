import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { compileDropIn } from './compile-programs.ts';

const root = join(import.meta.dirname, '..');

/** Compiles the working tree into a folder, which then holds what a user installs. */
export function buildWorkingTree(folder: string): void {
  build(root, folder, 'The working tree');
}

/** Compiles a commit into a folder, which then holds what a user would have installed. */
export function buildCommit(commit: string, folder: string): void {
  const sources = `${folder}-sources`;
  rmSync(sources, { recursive: true, force: true });
  mkdirSync(sources, { recursive: true });
  const archive = execFileSync('git', ['archive', commit], { cwd: root, maxBuffer: 2 ** 30 });
  execFileSync('tar', ['-x', '-C', sources], { input: archive });
  symlinkSync(join(root, 'node_modules'), join(sources, 'node_modules'));
  build(sources, folder, `Commit ${commit}`);
}

function build(sources: string, folder: string, what: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const tsc = join(root, 'node_modules/.bin/tsc');
  const { status } = spawnSync(tsc, ['-p', 'tsconfig.build.json', '--outDir', join(folder, 'dist')], {
    cwd: sources,
    stdio: 'inherit',
  });
  if (status !== 0) throw new Error(`${what} does not compile.`);
  for (const name of ['package.json', 'schema']) {
    if (existsSync(join(sources, name))) cpSync(join(sources, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  compileDropIn(folder);
}
