import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { findPackageJSON } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { builtInPolicies } from '../../gateway/built-in-policies.ts';
import { exitCodes, Failure } from '../failure.ts';
import { policyStarter } from '../policy-starter.ts';
import type { Terminal } from '../terminal.ts';

const folder = 'policies';

/**
 * Writes a policy to begin with and its test into `policies/`, and says what the configuration needs for it. Both files are
 * written, or none.
 * @throws Failure when the name is none for a policy, or there is such a file already, unless it is to be replaced.
 */
export function initPolicy(
  terminal: Terminal,
  directory: string,
  name: string,
  options: { readonly force?: boolean },
): void {
  checkName(name);
  const end = moduleEnd(directory);
  const { policy, test, yaml, typescript } = policyStarter(name, `./${folder}`, end);
  const files = [
    { name: join(folder, `${name}${end}`), text: policy },
    { name: join(folder, `${name}.test${end}`), text: test },
  ];
  const inTheWay = files.find((file) => isFolder(join(directory, file.name)));
  if (inTheWay !== undefined)
    throw new Failure(`${inTheWay.name} is a folder.`, 'Move it away, or give the policy another name');
  if (options.force !== true) {
    const other = files.find((file) => existsSync(join(directory, file.name)));
    if (other !== undefined) throw alreadyThere(other.name, name);
  }
  writeAll(directory, files, { name, force: options.force === true });
  const { paint } = terminal;
  const inTypeScript = ['.ts', '.mts'].some((each) => existsSync(join(directory, `waygate.config${each}`)));
  terminal.out(
    `${paint('green', '✓')} ${files.map((file) => file.name).join(' and ')} are written. Add to the configuration:\n\n` +
      `${indented(inTypeScript ? typescript : yaml)}\n  ${paint('bold', `node --test ${files[1]?.name}`)}  ` +
      `${paint('dim', 'runs its test; it needs the package: npm install waygate')}\n`,
  );
}

/** Node takes `.ts` for CommonJS where the nearest package.json says so, as the one of `npm init` may; `.mts` never. */
function moduleEnd(directory: string): '.ts' | '.mts' {
  const path = findPackageJSON('./', pathToFileURL(join(directory, 'waygate.yaml')));
  if (path === undefined) return '.ts';
  try {
    const described: unknown = JSON.parse(readFileSync(path, 'utf8'));
    const says = typeof described === 'object' && described !== null && 'type' in described;
    return says && described.type === 'commonjs' ? '.mts' : '.ts';
  } catch {
    // Whoever needs it will say that it is no JSON.
    return '.ts';
  }
}

/** @throws Failure */
function checkName(name: string): void {
  if (name.length > 60 || !/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(name)) {
    const meant = name
      .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, '-')
      .replaceAll(/^[0-9-]+|-+$/g, '')
      .slice(0, 60)
      .replace(/-$/, '');
    throw new Failure(
      `${JSON.stringify(name.slice(0, 80))} is not a name for a policy.`,
      `Write lower-case words joined by "-", such as ${meant === '' ? 'tenant-guard' : meant}`,
      exitCodes.usage,
    );
  }
  if (builtInPolicies.some((policy) => policy.name === name))
    throw new Failure(
      `There is a policy "${name}" in Waygate already.`,
      `Give yours another name, such as my-${name}`,
      exitCodes.usage,
    );
}

interface NewFile {
  readonly name: string;
  readonly text: string;
}

/** Writes files beside their places first, and then puts them there: what fails leaves nothing behind. */
function writeAll(
  directory: string,
  files: readonly NewFile[],
  { name, force }: { readonly name: string; readonly force: boolean },
): void {
  const undo: (() => void)[] = [];
  try {
    const made = mkdirSync(join(directory, folder), { recursive: true });
    if (made !== undefined) undo.push(() => rmdirSync(made));
    const places = files.map((file) => {
      const place = join(directory, file.name);
      const beside = join(dirname(place), `.${name}-${process.pid}-${undo.length}.tmp`);
      undo.push(() => rmSync(beside, { force: true }));
      writeFileSync(beside, file.text, { flag: 'wx' });
      return { ...file, place, beside };
    });
    for (const { name: file, place, beside } of places) {
      const there = existsSync(place);
      if (force) renameSync(beside, place);
      else link(beside, place, () => alreadyThere(file, name));
      if (!there) undo.push(() => rmSync(place, { force: true }));
    }
    for (const { beside } of places) rmSync(beside, { force: true });
  } catch (error) {
    for (const step of undo.toReversed()) {
      try {
        step();
      } catch {
        // What cannot be taken back was not ours, or is in use: the failure itself says more.
      }
    }
    if (error instanceof Failure) throw error;
    throw new Failure(
      `The policy cannot be written into ${folder}: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}

/** Gives a file its name; fails when somebody has taken it meanwhile. */
function link(from: string, to: string, taken: () => Failure): void {
  try {
    linkSync(from, to);
  } catch (error) {
    throw error instanceof Error && 'code' in error && error.code === 'EEXIST' ? taken() : error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function alreadyThere(file: string, name: string): Failure {
  return new Failure(
    `There is a ${file} already; it stays as it is.`,
    `To replace it: waygate init policy ${name} --force`,
  );
}

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ');
}
