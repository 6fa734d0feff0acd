import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { messageOf } from '../core/message-of.ts';
import { exitCodes, Failure } from './failure.ts';

/** `waygate.test.yaml`, `shop.waygate.test.yaml`; also `.yml` and `.json`. */
const named = /^(?:.+\.)?waygate\.test\.(?:ya?ml|json)$/;

/**
 * The files of expectations that a command is about: those given, those in folders that are given, or those here.
 * @throws Failure when there is none.
 */
export function expectationFiles(given: readonly string[], directory: string): string[] {
  if (given.length === 0) return inFolder('', directory);
  const files = given.flatMap((name) =>
    isFolder(resolve(directory, name), name) ? inFolder(name, directory) : [name],
  );
  return [...new Set(files)];
}

function inFolder(folder: string, directory: string): string[] {
  const path = resolve(directory, folder);
  const found = namesIn(path)
    .filter((name) => named.test(name))
    .toSorted();
  if (found.length > 0) return found.map((name) => join(folder, name));
  throw new Failure(
    `There are no expectations in ${path}: no file is named waygate.test.yaml or ends in .waygate.test.yaml.`,
    'Name a file, or write one: docs/testing-a-configuration.md shows how.',
  );
}

function isFolder(path: string, name: string): boolean {
  if (name.includes('\0')) throw new Failure('A file name cannot hold a NUL.', undefined, exitCodes.usage);
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function namesIn(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    throw new Failure(`The folder ${path} cannot be read: ${messageOf(error)}.`, 'Check its permissions.');
  }
}
