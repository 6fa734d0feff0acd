import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Environment } from '../finish-import.ts';
import { ImportFailure } from '../import-failure.ts';
import { firstLine } from '../printable.ts';
import { orderVariable, type Recording } from './recorder/recording.ts';

/** `.ts` in Waygate's own tree, `.js` in the package. */
const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
const recorder = new URL(`./recorder/recorder${extension}`, import.meta.url).href;

/** What the recorder needs on top to write down what it saw. */
const writing = 10_000;

/** More than the options of any program. */
const maxRecordingBytes = 64 * 1024 * 1024;

/** How much of what a program says is kept, for the message when it fails. */
const maxOutput = 4000;

/**
 * Runs a program up to its `listen`, in a process of its own that listens nowhere, and says what it made and mounted.
 * @param patience milliseconds until it is cut off.
 * @throws ImportFailure when it cannot be run, or ends without a word.
 */
export async function runProgram(file: string, patience: number, env: Environment): Promise<Recording> {
  const program = resolve(file);
  if (!isFile(program)) {
    throw new ImportFailure(
      `There is no program ${file}.`,
      'Name the file that you start your app with: waygate import express app.js',
    );
  }
  const folder = mkdtempSync(join(tmpdir(), 'waygate-import-'));
  try {
    const to = join(folder, 'recording.json');
    const said = await runChild(program, { to, within: patience }, patience + writing, env);
    return readRecording(to, file, said);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runChild(
  program: string,
  order: { to: string; within: number },
  limit: number,
  env: Environment,
): Promise<string> {
  const child = spawn(process.execPath, ['--import', recorder, program], {
    env: { ...env, [orderVariable]: JSON.stringify(order) },
    stdio: ['ignore', 'ignore', 'pipe'],
    // A group of its own, so that what the program has started goes with it.
    detached: process.platform !== 'win32',
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (said = (said + chunk).slice(-maxOutput)));
  const timer = setTimeout(() => endGroup(child.pid), limit);
  return new Promise((done, fail) => {
    child.on('error', (error) => {
      clearTimeout(timer);
      fail(
        new ImportFailure(
          `Node could not be started: ${error.message}.`,
          'Look whether there is room for a process.',
        ),
      );
    });
    child.on('exit', () => {
      clearTimeout(timer);
      endGroup(child.pid);
      done(said);
    });
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // All of them are gone.
  }
}

function readRecording(file: string, program: string, said: string): Recording {
  let text: string;
  try {
    if (statSync(file).size > maxRecordingBytes) throw new Error('it is too large');
    text = readFileSync(file, 'utf8');
  } catch {
    const last = firstLine(said.trim().split('\n').at(-1) ?? '');
    throw new ImportFailure(
      `${program} did not get as far as its listen, and ended without a trace${last === '' ? '' : `: ${last}`}`,
      `See what it says by itself: node ${program}`,
    );
  }
  // Written by the recorder, and by nobody else: the folder is ours alone.
  return JSON.parse(text) as Recording;
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
