/** Takes octets, and says how many of them it took, or why none. At most one call is under way at a time. */
export type Destination = (octets: Uint8Array, done: (error: Error | null, written: number) => void) => void;

/** Milliseconds that whoever closes an output waits for a destination that does not take what is left. */
export const closePatience = 1000;

/** Milliseconds until a destination that failed or was full is tried again. */
const retryFirst = 10;
const retryMost = 250;

/** Errors that no later attempt mends: the reader is gone, or the descriptor is. */
const permanentErrors: ReadonlySet<unknown> = new Set([
  'EPIPE',
  'EBADF',
  'ECONNRESET',
  'ERR_STREAM_DESTROYED',
]);

/** Whether a destination that failed with this code will never take anything again. */
export function isPermanent(code: unknown): boolean {
  return permanentErrors.has(code);
}

/**
 * Milliseconds until the next try, doubled with every failure in a row.
 * @param failures in a row, 1 or more.
 */
export function retryDelay(failures: number): number {
  return Math.min(retryFirst * 2 ** (failures - 1), retryMost);
}
