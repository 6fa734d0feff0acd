import { closePatience, type Destination, isPermanent, retryDelay } from './destination.ts';

export interface LineWriterOptions {
  readonly destination: Destination;
  /** Called once, when the writer is closed and no write is under way any more. */
  readonly release?: () => void;
  /** Milliseconds that a line may wait for company before it is written. */
  readonly delay: number;
  /** Octets kept at most while the destination does not take them. Default 1 MiB. */
  readonly limit?: number;
}

/** Lines gathered to this many characters are written without waiting for the timer. */
const batchSize = 64 * 1024;
const defaultLimit = 1024 * 1024;

/**
 * Writes whole lines to a destination that may be slow, full or gone, and never makes the caller wait: lines are
 * gathered and written in one asynchronous call; what the destination does not take is kept up to a limit, and
 * beyond it dropped and counted (HARDENING F183).
 */
export class LineWriter {
  readonly #destination: Destination;
  readonly #release: (() => void) | undefined;
  readonly #delay: number;
  readonly #limit: number;
  /** Lines that nothing has been done with yet, in one string. */
  #open = '';
  #openLines = 0;
  /** Encoded batches, of which the first may be under way. */
  readonly #sealed: { octets: Uint8Array; offset: number; lines: number }[] = [];
  #sealedOctets = 0;
  #writing = false;
  #failures = 0;
  #gone = false;
  #timer: NodeJS.Timeout | undefined;
  #dropped = 0;
  readonly #whenIdle: (() => void)[] = [];

  constructor(options: LineWriterOptions) {
    this.#destination = options.destination;
    this.#release = options.release;
    this.#delay = options.delay;
    this.#limit = options.limit ?? defaultLimit;
  }

  /** How many lines were dropped so far. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Takes one line, which ends with its line feed and contains no other. */
  write(line: string): void {
    if (this.#gone || this.#sealedOctets + this.#open.length + line.length > this.#limit) {
      this.#dropped++;
      return;
    }
    this.#open += line;
    this.#openLines++;
    if (this.#open.length >= batchSize) this.#seal();
    else if (this.#timer === undefined && !this.#writing) this.#wake(this.#delay);
  }

  /** Hands over what has been gathered, without waiting for the timer. */
  flush(): void {
    if (this.#openLines > 0) this.#seal();
  }

  /** Resolves when everything is written or lost; waits at most one second for a destination that does not take it. */
  async close(): Promise<void> {
    this.flush();
    if (this.#sealed.length > 0) {
      let patience: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#whenIdle.push(resolve);
        patience = setTimeout(resolve, closePatience);
      });
      clearTimeout(patience);
    }
    this.#abandon();
  }

  #seal(): void {
    const octets = Buffer.from(this.#open, 'utf8');
    this.#sealed.push({ octets, offset: 0, lines: this.#openLines });
    this.#sealedOctets += octets.length;
    this.#open = '';
    this.#openLines = 0;
    // While a failed destination rests, its timer decides when to try again.
    if (this.#failures === 0) this.#pump();
  }

  #pump(): void {
    const batch = this.#sealed[0];
    if (this.#writing || this.#gone || batch === undefined) return;
    this.#writing = true;
    this.#destination(batch.octets.subarray(batch.offset), (error, written) => {
      this.#writing = false;
      if (this.#gone) this.#release?.();
      else if (error === null) this.#took(batch, written);
      else this.#failed(error);
    });
  }

  #took(batch: { octets: Uint8Array; offset: number }, written: number): void {
    this.#failures = 0;
    batch.offset += written;
    this.#sealedOctets -= written;
    if (batch.offset >= batch.octets.length) this.#sealed.shift();
    if (this.#sealed.length > 0) {
      this.#pump();
      return;
    }
    for (const resolve of this.#whenIdle.splice(0)) resolve();
    if (this.#openLines > 0) this.#wake(this.#delay);
  }

  #failed(error: Error): void {
    if (isPermanent((error as NodeJS.ErrnoException).code)) {
      this.#abandon();
      return;
    }
    this.#failures++;
    this.#wake(retryDelay(this.#failures));
  }

  #wake(delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#sealed.length > 0) this.#pump();
      else this.flush();
    }, delay);
    this.#timer.unref();
  }

  #abandon(): void {
    if (!this.#gone && !this.#writing) this.#release?.();
    this.#gone = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dropped += this.#openLines;
    for (const batch of this.#sealed) this.#dropped += batch.lines;
    this.#open = '';
    this.#openLines = 0;
    this.#sealed.length = 0;
    this.#sealedOctets = 0;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}
