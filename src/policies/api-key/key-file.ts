import { closeSync, constants, fstatSync, openSync, readSync, type BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { Logger } from '../../core/logger.ts';
import { PolicyOptionError } from '../../core/policy.ts';
import { KeyFileText, type LineMistake } from './key-file-text.ts';
import type { KeyTable } from './key-table.ts';

/** Milliseconds between two looks at the file. Looking works on every file system, and through links. */
const LOOK = 2000;

/** Octets read at once. What a piece takes to read and check, every other request may have to wait. */
const PIECE = 64 * 1024;

/** Opening a pipe would otherwise wait for somebody to write into it. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK;

/** Several instances share one of these; see `Setup.share`. */
export interface KeyFile {
  /** The keys as they were when the file was last without mistakes. */
  readonly table: KeyTable;
  close(): void;
}

/**
 * Opens a file of keys, and reads it again when it has changed: once two looks in a row find it the same, so that a file which
 * is still being written is left alone. A file with mistakes, or none at all, changes nothing but the log.
 * @throws PolicyOptionError when it cannot be read, or has mistakes.
 */
export function openKeyFile(path: string, logger: Logger, interval: number = LOOK): KeyFile {
  return new WatchedKeyFile(path, logger, interval);
}

class WatchedKeyFile implements KeyFile {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #timer: NodeJS.Timeout;
  #table: KeyTable;
  /** What was last read, or tried to be. */
  #read: string;
  /** What the last look has found. */
  #seen: string;
  #busy = false;
  #closed = false;

  constructor(path: string, logger: Logger, interval: number) {
    this.#path = path;
    this.#logger = logger;
    const { table, state } = readNow(path);
    this.#table = table;
    this.#read = this.#seen = state;
    this.#timer = setInterval(() => void this.#look(), interval);
    this.#timer.unref();
  }

  get table(): KeyTable {
    return this.#table;
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      const state = stateOf(await stat(this.#path, { bigint: true }));
      if (this.#closed) return;
      const settled = state === this.#seen;
      this.#seen = state;
      if (settled && state !== this.#read) await this.#readAgain(state);
    } catch (error) {
      const state = codeOf(error);
      if (state !== this.#read) this.#keep([], `the file of keys cannot be read (${state})`);
      this.#read = this.#seen = state;
    } finally {
      this.#busy = false;
    }
  }

  async #readAgain(state: string): Promise<void> {
    const handle = await open(this.#path, READ);
    let text: KeyFileText;
    try {
      text = new KeyFileText((await handle.stat()).size);
      const piece = Buffer.alloc(PIECE);
      for (;;) {
        const { bytesRead } = await handle.read(piece, 0, PIECE);
        if (this.#closed) return;
        if (bytesRead === 0) break;
        text.push(piece.subarray(0, bytesRead));
      }
      // Changed under our hands: the next looks will find it settled.
      if (stateOf(await handle.stat({ bigint: true })) !== state) return;
    } finally {
      await handle.close();
    }
    this.#read = state;
    const table = text.end();
    if (table === undefined) {
      this.#keep(text.mistakes, `the file of keys has mistakes (${text.mistakeCount})`);
      return;
    }
    this.#table = table;
    this.#logger.info(
      { file: this.#path, consumers: text.consumers, count: table.size },
      'the file of keys has been read again',
    );
  }

  #keep(mistakes: readonly LineMistake[], why: string): void {
    const { size } = this.#table;
    this.#logger.error(
      { file: this.#path, mistakes, count: size },
      `${why}: what it had before stays in force`,
    );
  }
}

/** Reads the file while everything waits, as a configuration is loaded. */
function readNow(path: string): { readonly table: KeyTable; readonly state: string } {
  let text: KeyFileText;
  let state: string;
  try {
    const file = openSync(path, READ);
    try {
      const stats = fstatSync(file, { bigint: true });
      state = stateOf(stats);
      text = new KeyFileText(Number(stats.size));
      const piece = Buffer.alloc(PIECE);
      for (let size = 1; size > 0;) {
        size = readSync(file, piece, 0, PIECE, null);
        text.push(piece.subarray(0, size));
      }
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new PolicyOptionError(
      ['file'],
      `the file of keys cannot be read (${codeOf(error)})`,
      'check its path and its permissions',
    );
  }
  const table = text.end();
  const [first] = text.mistakes;
  if (table !== undefined) return { table, state };
  const more = text.mistakeCount > 1 ? ` (and ${text.mistakeCount - 1} more mistakes)` : '';
  throw new PolicyOptionError(
    ['file'],
    `line ${first?.line}: ${first?.found}${more}`,
    first?.remedy ?? 'mend the file',
  );
}

/**
 * What tells one content of a file from another, without reading it.
 * @throws Error with a code when it is no regular file: devices and pipes may have no end.
 */
function stateOf(stats: BigIntStats): string {
  if (!stats.isFile()) throw Object.assign(new Error('no regular file'), { code: 'ENOTFILE' });
  const { dev, ino, size, mtimeNs, ctimeNs } = stats;
  return `${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
