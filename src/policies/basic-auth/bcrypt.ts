import { Worker } from 'node:worker_threads';

/** What the thread is asked. */
export interface BcryptQuestion {
  readonly id: number;
  readonly password: string;
  readonly digest: string;
}

/** What it says. */
export interface BcryptAnswer {
  readonly id: number;
  readonly matches: boolean;
}

/** bcrypt does not look at more octets of a password than these. */
const MAX_OCTETS = 72;

/** The program beside this file, as TypeScript here and as JavaScript in the package. */
const program = new URL(
  import.meta.url.endsWith('.ts') ? './bcrypt-thread.ts' : './bcrypt-thread.js',
  import.meta.url,
);

/** Verifies passwords by bcrypt in a thread of its own, which is started by the first. */
export class BcryptVerifier {
  readonly #waiting = new Map<number, PromiseWithResolvers<boolean>>();
  #worker: Worker | undefined;
  #last = 0;
  #closed = false;

  /**
   * Whether the digest is that of the password. One that is longer than bcrypt looks at never is: others with the same
   * beginning would be as good.
   * @throws the error that the thread ended of.
   */
  async matches(password: string, digest: string): Promise<boolean> {
    const answer = await this.#ask(password, digest);
    return answer && Buffer.byteLength(password) <= MAX_OCTETS;
  }

  /** Ends the thread; what is waited for is rejected. */
  close(): void {
    this.#closed = true;
    void this.#worker?.terminate();
  }

  #ask(password: string, digest: string): Promise<boolean> {
    if (this.#closed) return Promise.reject(new Error('no password is verified any more'));
    const worker = (this.#worker ??= this.#start());
    const waiting = Promise.withResolvers<boolean>();
    const id = ++this.#last;
    this.#waiting.set(id, waiting);
    worker.ref();
    worker.postMessage({ id, password, digest } satisfies BcryptQuestion);
    return waiting.promise;
  }

  #start(): Worker {
    const worker = new Worker(program, { name: 'waygate bcrypt', env: {}, stdin: false });
    worker.unref();
    let reason: unknown;
    worker.on('message', ({ id, matches }: BcryptAnswer) => {
      this.#waiting.get(id)?.resolve(matches);
      this.#waiting.delete(id);
      // An idle thread keeps no program from ending.
      if (this.#waiting.size === 0) worker.unref();
    });
    worker.on('error', (error: unknown) => {
      reason = error;
    });
    worker.on('exit', () => {
      // The next password starts another.
      this.#worker = undefined;
      const gone = new Error('the thread that verifies passwords has ended', { cause: reason });
      for (const { reject } of this.#waiting.values()) reject(gone);
      this.#waiting.clear();
    });
    return worker;
  }
}
