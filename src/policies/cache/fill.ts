import type { BodySink, BodySource, StageSink } from '../../core/body.ts';
import type { GatewayError } from '../../core/errors.ts';
import type { BodyFeed, FeedControl } from '../../core/reply-body.ts';
import type { StoredHead } from '../../core/answer-store.ts';
import { FillReader } from './fill-reader.ts';

/** What waiting for a fill comes to. */
export type FillOutcome =
  /** The answer has begun, and can be shared; it is streamed as it arrives. */
  | { readonly kind: 'begun'; readonly head: StoredHead }
  /** Nobody is served from it: ask the target. */
  | { readonly kind: 'uncacheable' }
  /** The one who asked for all has failed: somebody else may. */
  | { readonly kind: 'failed' };

/** What whoever asked for all wants to know of it. */
export interface FillEvents {
  /** The body is complete. */
  readonly done: () => void;
  /** It is too large to be kept. */
  readonly overflow: () => void;
  /** It is not kept, and nobody but the client of the one who asked reads it. May come several times. */
  readonly unwanted: () => void;
}

/** Octets that all fills of a thread hold together, until they are kept or read. */
export class Gathered {
  octets = 0;

  /** @param limit the largest body that is kept: one such there may always be. */
  isTooMuch(limit: number): boolean {
    return this.octets > Math.max(MOST_GATHERED, limit);
  }
}

/** What is gathered beyond that, in octets, is only passed on. */
const MOST_GATHERED = 64 * 1024 * 1024;

/** How far the slowest reader may be behind once nothing is kept any more, in octets. */
const MOST_BEHIND = 256 * 1024;

/**
 * One answer on its way from the target, for several clients at once. Up to `limit` it is gathered at the target's pace, to be
 * kept; every client reads it at its own. An answer that turns out larger is not kept: it goes on for those who have begun, as
 * fast as the slowest of them.
 */
export class Fill {
  /** What it is known by among those that are under way. */
  readonly key: string;
  readonly #limit: number;
  readonly #gathered: Gathered;
  readonly #settle: (outcome: FillOutcome) => void;
  /** Settles when the answer begins, or is none to share. */
  readonly outcome: Promise<FillOutcome>;
  #settled = false;
  #chunks: Uint8Array[] = [];
  /** Chunks that are gone from the front, once nothing is kept. */
  #dropped = 0;
  #octets = 0;
  /** Octets of the chunks that are still there. */
  #held = 0;
  #overflown = false;
  #length: number | undefined;
  #state: 'filling' | 'complete' | 'failed' = 'filling';
  #error: GatewayError | undefined;
  readonly #readers = new Set<FillReader>();
  /** The client of the one who asked. */
  #first: FillReader | undefined;
  #source: BodySource | undefined;
  #paused = false;
  #onOverflow: (() => void) | undefined;
  #onUnwanted: (() => void) | undefined;

  /** @param limit the largest body that is kept, in octets. */
  constructor(key: string, limit: number, gathered: Gathered) {
    this.key = key;
    this.#limit = limit;
    this.#gathered = gathered;
    const { promise, resolve } = Promise.withResolvers<FillOutcome>();
    this.outcome = promise;
    this.#settle = resolve;
  }

  /** The answer can be shared. @param length octets of its body, where that is known. */
  begin(head: StoredHead, length: number | undefined): void {
    this.#length = length;
    this.#end({ kind: 'begun', head });
  }

  /** The answer is for the one alone who asked. */
  letGo(): void {
    this.#end({ kind: 'uncacheable' });
  }

  /** There is no answer, or it broke off. */
  fail(error?: GatewayError): void {
    this.#end({ kind: 'failed' });
    if (this.#state !== 'filling') return;
    this.#state = 'failed';
    this.#error = error;
    this.#pump();
    this.#settleAccount();
  }

  #end(outcome: FillOutcome): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#settle(outcome);
  }

  /** The whole body, once it is complete and not too large; undefined otherwise. Called once. */
  whole(): Uint8Array | undefined {
    if (this.#state !== 'complete' || this.#overflown) return undefined;
    // Memory of its own: chunks are parts of buffers that would be kept along.
    const body = Buffer.allocUnsafeSlow(this.#octets);
    let at = 0;
    for (const chunk of this.#chunks) {
      body.set(chunk, at);
      at += chunk.length;
    }
    return body;
  }

  /** All of it is here at once. */
  complete(body: Uint8Array): void {
    this.#chunks = [body];
    this.#octets = body.length;
    this.#state = 'complete';
    this.#pump();
  }

  /**
   * The stage in the way of the answer to the one who asked: from here on, it reads as the others do.
   */
  stage(next: BodySink, source: BodySource, { done, overflow, unwanted }: FillEvents): StageSink {
    this.#source = source;
    this.#onOverflow = overflow;
    this.#onUnwanted = unwanted;
    const reader = this.#read(next);
    this.#first = reader;
    return {
      write: (chunk) => this.#push(chunk),
      end: (trailers) => {
        this.#state = 'complete';
        reader.trailers = trailers;
        done();
        this.#pump();
        this.#settleAccount();
      },
      abort: (error) => {
        this.fail(error);
      },
      pause: () => {
        reader.pause();
      },
      resume: () => {
        reader.resume();
      },
    };
  }

  /** The body for somebody else. */
  feed(): BodyFeed {
    return {
      ...(this.#length === undefined ? {} : { length: this.#length }),
      start: (sink): FeedControl => {
        const reader = this.#read(sink);
        // It was joined in time, but begins only now, when its beginning is gone.
        if (this.#dropped > 0) reader.tooLate();
        reader.pump();
        return reader;
      },
    };
  }

  #read(sink: BodySink): FillReader {
    const reader = new FillReader(
      sink,
      {
        chunk: (at) => this.#chunks[at - this.#dropped],
        state: () => this.#state,
        error: () => this.#error,
        moved: () => {
          this.#moved();
        },
        left: (gone) => {
          this.#readers.delete(gone);
          this.#moved();
          this.#settleAccount();
          this.#askWhetherWanted();
        },
      },
      this.#dropped,
    );
    this.#readers.add(reader);
    return reader;
  }

  #push(chunk: Uint8Array): boolean {
    this.#chunks.push(chunk);
    this.#octets += chunk.length;
    this.#hold(chunk.length);
    if (!this.#overflown && (this.#octets > this.#limit || this.#gathered.isTooMuch(this.#limit))) {
      this.#overflown = true;
      this.#onOverflow?.();
    }
    this.#pump();
    this.#askWhetherWanted();
    this.#paused = this.#overflown && this.#held > MOST_BEHIND;
    return !this.#paused;
  }

  #hold(octets: number): void {
    this.#held += octets;
    this.#gathered.octets += octets;
  }

  /** What is over, and read by everybody, takes no memory any more. */
  #settleAccount(): void {
    if (this.#state !== 'filling' && this.#readers.size === 0) this.#hold(-this.#held);
  }

  /** What is not kept is for its readers alone. */
  #askWhetherWanted(): void {
    if (!this.#overflown || this.#state !== 'filling') return;
    const others = this.#readers.size - (this.#first !== undefined && this.#readers.has(this.#first) ? 1 : 0);
    if (others === 0) this.#onUnwanted?.();
  }

  #pump(): void {
    for (const reader of [...this.#readers]) reader.pump();
    this.#trim();
  }

  /** A reader has gone on, or away. */
  #moved(): void {
    this.#trim();
    if (!this.#paused || this.#held > MOST_BEHIND) return;
    this.#paused = false;
    this.#source?.resume();
  }

  /** Nothing is kept any more: what everybody has read can go. */
  #trim(): void {
    if (!this.#overflown) return;
    let slowest = this.#dropped + this.#chunks.length;
    for (const { at } of this.#readers) slowest = Math.min(slowest, at);
    for (const { length } of this.#chunks.splice(0, slowest - this.#dropped)) this.#hold(-length);
    this.#dropped = slowest;
  }

  /** Whether somebody may still join: all of it is here from its beginning. */
  get joinable(): boolean {
    return !this.#overflown && this.#state !== 'failed';
  }
}
