import type { BodySink, BodySource } from './body.ts';

/**
 * A body that a policy pushes as it comes, such as one that is being fetched for several clients at once. For a client that
 * wants no body (HEAD), or is gone before the head has been sent, it is never started.
 */
export interface BodyFeed {
  /** Octets, where that is known before the end; without it the body is chunked. */
  readonly length?: number;
  /**
   * Begins to push, at once or later; called at most once. When `write` answers `false`, nothing more is pushed before
   * `resume`. It ends with exactly one of `end` and `abort`, unless it is cancelled first.
   */
  start(sink: BodySink): FeedControl;
}

/** How a {@link BodyFeed} is steered once it has been started. */
export interface FeedControl extends BodySource {
  /** Nobody wants the rest: what is pushed after this goes nowhere. */
  cancel(): void;
}

/** The body of an answer that a policy gives: whole, or as it comes. */
export type ReplyBody = string | Uint8Array | BodyFeed;

/** Whether a body comes over time. */
export function isBodyFeed(body: unknown): body is BodyFeed {
  return typeof body === 'object' && body !== null && 'start' in body && typeof body.start === 'function';
}
