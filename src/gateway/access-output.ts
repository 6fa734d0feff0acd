import type { Config } from '../config/schema.ts';
import type { AccessRecord } from '../observe/access-record.ts';
import { type AccessLog, createAccessLog } from '../observe/access-log.ts';
import type { Destination } from '../observe/destination.ts';

/** Where the lines of the access log go. */
export interface AccessOutputOptions {
  /** Whether people read them, so that `auto` is the form for them. */
  readonly terminal: boolean;
  readonly color: boolean;
  /** Takes the lines; standard output when left out. */
  readonly write?: Destination;
}

/** The access log as the configuration wants it, which may be another after each reload. */
export class AccessOutput {
  readonly #options: AccessOutputOptions;
  #log: AccessLog | undefined;
  #key = '';
  /** Those before the present one that are still writing. */
  readonly #closing = new Set<AccessLog>();
  /** Lines that those have dropped that are closed. */
  #droppedBefore = 0;

  constructor(options: AccessOutputOptions) {
    this.#options = options;
  }

  /** How many lines were dropped so far. */
  get dropped(): number {
    let dropped = this.#droppedBefore + (this.#log?.dropped ?? 0);
    for (const log of this.#closing) dropped += log.dropped;
    return dropped;
  }

  log(record: AccessRecord): void {
    this.#log?.log(record);
  }

  /** Writes as this configuration says from now on. */
  adopt({ log }: Config): void {
    const key = `${log.access} ${log.query}`;
    // One writer as long as possible: two on one pipe may tear each other's lines.
    if (key === this.#key) return;
    this.#key = key;
    void this.close();
    if (log.access === 'off') return;
    const { terminal, color, write } = this.#options;
    const pretty = log.access === 'pretty' || (log.access === 'auto' && terminal);
    this.#log = createAccessLog({
      format: pretty ? 'pretty' : 'json',
      query: log.query,
      color,
      ...(write === undefined ? {} : { write }),
    });
  }

  /** Resolves when everything is written, or lost. */
  async close(): Promise<void> {
    const log = this.#log;
    if (log === undefined) return;
    this.#log = undefined;
    this.#closing.add(log);
    await log.close();
    this.#closing.delete(log);
    this.#droppedBefore += log.dropped;
  }
}
