import type { StoredHead } from '../../core/answer-store.ts';
import type { HeaderList } from '../../http/header-list.ts';

/** The head of an answer as a target sent it, hop-by-hop lines and framing gone, and when. */
export interface ReceivedHead {
  readonly status: number;
  readonly headers: HeaderList;
  /** Milliseconds since the epoch: when the request was sent, and when its head was there. */
  readonly requestTime: number;
  readonly responseTime: number;
}

/** By how much clocks may differ, in milliseconds. */
const CLOCK_MARGIN = 10_000;

/** Seconds since it was made, as `Age` says them (RFC 9111 §4.2.3). */
export function ageOf(head: StoredHead, now: number): number {
  return head.initialAge + Math.max(0, Math.floor((now - head.responseTime) / 1000));
}

/** Seconds for which it is still fresh; below 0, those since it is stale. */
export function freshFor(head: StoredHead, now: number): number {
  // A clock that was set back says nothing of its age.
  if (now < head.responseTime - CLOCK_MARGIN) return -Infinity;
  return head.lifetime - ageOf(head, now);
}
