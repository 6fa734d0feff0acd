import { PolicyOptionError, type Setup } from './policy.ts';
import type { SharedLimits } from './limits.ts';

/** How requests are counted together with other gateways. */
export interface Sharing {
  readonly limits: SharedLimits;
  readonly mode: 'exact' | 'synced';
  /** Milliseconds. */
  readonly syncEvery: number;
  /** What becomes of a request while Redis is slow or gone. */
  readonly onStoreError: 'local' | 'allow' | 'deny';
}

/** What is written about it. */
export interface SharingOptions {
  readonly mode?: Sharing['mode'] | 'local' | undefined;
  readonly syncEvery?: number | undefined;
  readonly onStoreError?: Sharing['onStoreError'] | undefined;
}

/** Milliseconds, unless `syncEvery` says otherwise. */
const SYNC_EVERY = 100;

/**
 * What the options say about other gateways; undefined when requests are counted in this one alone.
 * @throws PolicyOptionError when they make no sense together, or without a Redis.
 */
export function sharingOf(
  { mode, syncEvery, onStoreError }: SharingOptions,
  { limits: { shared } }: Pick<Setup, 'limits'>,
): Sharing | undefined {
  const chosen = mode ?? (shared === undefined ? 'local' : 'exact');
  if (chosen !== 'local' && shared === undefined) {
    const found = `there is no Redis to count in, and \`mode\` is ${chosen}`;
    throw new PolicyOptionError(['mode'], found, 'write redis: redis://localhost:6379 beside routes');
  }
  if (syncEvery !== undefined && chosen !== 'synced') {
    const found = 'only limits with `mode: synced` are settled';
    throw new PolicyOptionError(['syncEvery'], found, 'leave it out, or write mode: synced');
  }
  if (chosen === 'local' || shared === undefined) {
    if (onStoreError === undefined) return undefined;
    const found = 'requests are counted in this process, which no Redis can fail';
    throw new PolicyOptionError(
      ['onStoreError'],
      found,
      'leave it out, or configure redis: and no mode: local',
    );
  }
  return {
    limits: shared,
    mode: chosen,
    syncEvery: syncEvery ?? SYNC_EVERY,
    onStoreError: onStoreError ?? 'local',
  };
}
