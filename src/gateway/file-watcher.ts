import { createHash } from 'node:crypto';
import { type FSWatcher, readFileSync, realpathSync, watch } from 'node:fs';
import { dirname } from 'node:path';

/** Milliseconds of quiet before a change counts: editors and copies write in pieces. */
const QUIET = 100;

/** Milliseconds after which it counts even without quiet. */
const PATIENCE = 1000;

/**
 * Tells when the content of any of several files has changed: written, replaced by a rename, or swapped behind a symbolic
 * link as Kubernetes does. Watches folders, because a file that is replaced takes its watch with it.
 */
export class FileWatcher {
  readonly #onChange: () => void;
  #files: readonly string[] = [];
  #digest = '';
  #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;
  #since = 0;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Watches these files from now on, and no others. */
  watch(files: readonly string[]): void {
    // What is known of the same files stays, so that a change in the meantime is not taken for the old content.
    if (
      this.#watchers.length > 0 &&
      files.length === this.#files.length &&
      files.every((file, i) => file === this.#files[i])
    )
      return;
    this.#files = files;
    this.#digest = this.#read();
    this.#open();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }

  #open(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close();
    for (const folder of foldersOf(this.#files)) {
      try {
        const watcher = watch(folder, { persistent: false }, () => {
          this.#touched();
        });
        // A folder that is taken away is noticed with the next look.
        watcher.on('error', () => {
          watcher.close();
        });
        this.#watchers.push(watcher);
      } catch {
        // A folder that cannot be watched; SIGHUP still works.
      }
    }
  }

  #touched(): void {
    const now = performance.now();
    if (this.#timer === undefined) this.#since = now;
    else if (now - this.#since > PATIENCE) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#look();
    }, QUIET);
    this.#timer.unref();
  }

  #look(): void {
    this.#timer = undefined;
    const digest = this.#read();
    // Links may point elsewhere now.
    this.#open();
    if (digest === this.#digest) return;
    this.#digest = digest;
    this.#onChange();
  }

  #read(): string {
    const hash = createHash('sha256');
    for (const file of this.#files) {
      try {
        hash.update(readFileSync(file));
      } catch {
        hash.update('\0gone');
      }
      hash.update('\0');
    }
    return hash.digest('hex');
  }
}

/** The folders of the files, and those that their links lead to. */
function foldersOf(files: readonly string[]): Set<string> {
  const folders = new Set<string>();
  for (const file of files) {
    folders.add(dirname(file));
    try {
      folders.add(dirname(realpathSync(file)));
    } catch {
      // Gone for the moment.
    }
  }
  return folders;
}
