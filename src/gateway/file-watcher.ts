import { createHash } from 'node:crypto';
import { type FSWatcher, readlinkSync, statSync, watch } from 'node:fs';
import { basename, isAbsolute, join, parse, sep } from 'node:path';
import { type ReadFile, readFileFromDisk } from '../config/read-file.ts';
import { maxFileBytes } from '../config/source-text.ts';

/** Milliseconds of quiet before a change counts: editors and copies write in pieces. */
const QUIET = 100;

/** Milliseconds after which it counts even without quiet. */
const PATIENCE = 1000;

/** Milliseconds between two looks while a file or a folder is missing: nothing tells when it comes back. */
const MISSING = 1000;

/** Milliseconds between two looks in any case: network file systems and some containers tell of no change at all. */
const REGULAR = 10_000;

/** More links than this on the way to a file are a loop, as the system sees it. */
const MOST_LINKS = 40;

/** What stands for the content of a file that cannot be read. */
const GONE = 'gone';

/**
 * Tells when the content of any of several files is another than when it was last loaded: written, replaced by a rename,
 * or swapped behind a symbolic link as Kubernetes does. Watches the folders of the files and of every link on the way to
 * them, because a file that is replaced takes its watch with it; and looks by itself now and then.
 */
export class FileWatcher {
  readonly #onChange: () => void;
  #files: readonly string[] = [];
  /** What was last read, by path: its digest, and how many octets were read at most. */
  readonly #seen = new Map<string, { readonly digest: string; readonly limit: number }>();
  /** What is watched: for each folder which entries matter, and which folder it was. */
  readonly #folders = new Map<
    string,
    { readonly id: string; names: Set<string>; readonly watcher: FSWatcher }
  >();
  #timer: NodeJS.Timeout | undefined;
  /** When the first of the changes came that the next look is about; 0 when that is a regular one. */
  #since = 0;
  #looking = false;
  #closed = false;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Reads a file for whoever loads the configuration. Only something else than what was read so is a change. */
  readonly readFile: ReadFile = async (path, limit) => {
    try {
      const bytes = await readFileFromDisk(path, limit);
      this.#seen.set(path, { digest: digestOf(bytes), limit });
      return bytes;
    } catch (error) {
      this.#seen.set(path, { digest: GONE, limit });
      throw error;
    }
  };

  /** Watches these files from now on, and no others. */
  watch(files: readonly string[]): void {
    if (this.#closed) return;
    this.#files = files;
    for (const path of this.#seen.keys()) if (!files.includes(path)) this.#seen.delete(path);
    this.#watchFolders();
    // Whatever changed since it was loaded, and before it was watched, is found by a first look.
    this.#touched();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const { watcher } of this.#folders.values()) watcher.close();
    this.#folders.clear();
  }

  #touched(): void {
    if (this.#closed) return;
    const now = performance.now();
    if (this.#since === 0) this.#since = now;
    else if (now - this.#since > PATIENCE) return;
    this.#lookIn(QUIET);
  }

  #lookIn(milliseconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), milliseconds);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    this.#since = 0;
    // Links may point elsewhere by now. First watched, then read: what changes in between is seen twice, not missed.
    const complete = this.#watchFolders();
    let changed = false;
    let missing = !complete;
    for (const path of this.#files) {
      const { limit, digest: before } = this.#seen.get(path) ?? { limit: maxFileBytes, digest: undefined };
      const digest = await digestOfFile(path, limit);
      if (digest === GONE) missing = true;
      if (before !== undefined && before !== digest) changed = true;
      this.#seen.set(path, { digest, limit });
    }
    this.#looking = false;
    if (this.#closed) return;
    if (this.#since !== 0) this.#lookIn(QUIET);
    else this.#lookIn(missing ? MISSING : REGULAR);
    if (changed) this.#onChange();
  }

  /** @returns whether every folder is there and watched. */
  #watchFolders(): boolean {
    const wanted = new Map<string, Set<string>>();
    for (const file of this.#files) addPlaces(file, wanted);
    for (const [folder, { watcher, id }] of this.#folders) {
      if (wanted.has(folder) && id === idOf(folder)) continue;
      watcher.close();
      this.#folders.delete(folder);
    }
    let complete = true;
    for (const [folder, names] of wanted) {
      // A folder that is itself moved or taken away is told under its own name.
      names.add(basename(folder));
      const known = this.#folders.get(folder);
      if (known !== undefined) known.names = names;
      else if (!this.#watchFolder(folder, names)) complete = false;
    }
    return complete;
  }

  #watchFolder(folder: string, names: Set<string>): boolean {
    try {
      const id = idOf(folder);
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name === null || this.#folders.get(folder)?.names.has(name) === true) this.#touched();
      });
      watcher.on('error', () => {
        watcher.close();
        this.#folders.delete(folder);
      });
      this.#folders.set(folder, { id, names, watcher });
      return id !== GONE;
    } catch {
      // Gone, or too many watches on this machine: the regular looks are left.
      return false;
    }
  }
}

/** Notes each folder, and which entry of it, that the way to a file leads through links or ends in. */
function addPlaces(file: string, places: Map<string, Set<string>>): void {
  const { root } = parse(file);
  const rest = file.slice(root.length).split(sep);
  let at = root;
  for (let links = 0; rest.length > 0;) {
    const name = rest.shift() ?? '';
    if (name === '' || name === '.') continue;
    const path = join(at, name);
    const target = links < MOST_LINKS ? linkTarget(path) : undefined;
    if (target !== undefined || rest.length === 0) {
      const names = places.get(at) ?? new Set();
      places.set(at, names.add(name));
    }
    if (target === undefined) {
      at = path;
      continue;
    }
    links++;
    rest.unshift(...target.split(sep));
    if (isAbsolute(target)) at = root;
  }
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    // No link, or not there.
    return undefined;
  }
}

/** Which folder this is, whatever its name: another one may have taken its place. */
function idOf(folder: string): string {
  try {
    const { dev, ino } = statSync(folder);
    return `${dev}:${ino}`;
  } catch {
    return GONE;
  }
}

async function digestOfFile(path: string, limit: number): Promise<string> {
  try {
    return digestOf(await readFileFromDisk(path, limit));
  } catch {
    return GONE;
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
