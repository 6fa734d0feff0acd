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

/** How far the slowest reader may be behind once nothing is kept any more, in octets. */
const MOST_BEHIND = 256 * 1024;

/**
 * One answer on its way from the target, for several clients at once. Up to `limit` it is gathered at the target's pace, to be
 * kept; every client reads it at its own. An answer that turns out larger is not kept: it goes on for those who have begun, as
 * fast as the slowest of them.
 */
export class Fill {
  readonly #limit: number;
  readonly #settle: (outcome: FillOutcome) => void;
  /** Settles when the answer begins, or is none to share. */
  readonly outcome: Promise<FillOutcome>;
  #settled = false;
  #chunks: Uint8Array[] = [];
  /** Chunks that are gone from the front, once nothing is kept. */
  #dropped = 0;
  #octets = 0;
  #overflown = false;
  #length: number | undefined;
  #state: 'filling' | 'complete' | 'failed' = 'filling';
  #error: GatewayError | undefined;
  readonly #readers = new Set<FillReader>();
  #source: BodySource | undefined;
  #held = false;

  /** @param limit the largest body that is kept, in octets. */
  constructor(limit: number) {
    this.#limit = limit;
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
   * @param done called when the body is complete.
   */
  stage(next: BodySink, source: BodySource, done: () => void): StageSink {
    this.#source = source;
    const reader = this.#read(next);
    return {
      write: (chunk) => this.#push(chunk),
      end: (trailers) => {
        this.#state = 'complete';
        reader.trailers = trailers;
        done();
        this.#pump();
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
    if (this.#octets > this.#limit) this.#overflown = true;
    this.#pump();
    this.#held = this.#overflown && this.#behind() > MOST_BEHIND;
    return !this.#held;
  }

  #pump(): void {
    for (const reader of [...this.#readers]) reader.pump();
    this.#trim();
  }

  /** A reader has gone on, or away. */
  #moved(): void {
    this.#trim();
    if (!this.#held || this.#behind() > MOST_BEHIND) return;
    this.#held = false;
    this.#source?.resume();
  }

  /** Nothing is kept any more: what everybody has read can go. */
  #trim(): void {
    if (!this.#overflown) return;
    let slowest = this.#dropped + this.#chunks.length;
    for (const { at } of this.#readers) slowest = Math.min(slowest, at);
    this.#chunks.splice(0, slowest - this.#dropped);
    this.#dropped = slowest;
  }

  #behind(): number {
    return this.#chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  /** Whether somebody may still join: all of it is here from its beginning. */
  get joinable(): boolean {
    return !this.#overflown && this.#state !== 'failed';
  }
}
