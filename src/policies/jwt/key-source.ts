import type { VerificationKey } from './verification-key.ts';

/** Where the keys of an issuer come from. */
export interface KeySource {
  /**
   * The keys as far as they are known now, or undefined when it is worth waiting for {@link load}. Asks for new ones in the
   * background when it is time to.
   */
  current(): readonly VerificationKey[] | undefined;
  /** Fetches the keys, or waits for those who do. Never rejects: without keys, there are none. */
  load(): Promise<readonly VerificationKey[]>;
  /**
   * Looks whether there are new keys, because a token names one that is not known; at most once in a cool-down.
   * @returns the keys, or undefined when it is too soon to look again.
   */
  reload(): Promise<readonly VerificationKey[]> | undefined;
  close(): void;
}

/** Keys that stand in the configuration. */
export function fixedKeys(keys: readonly VerificationKey[]): KeySource {
  return {
    current: () => keys,
    load: () => Promise.resolve(keys),
    reload: () => undefined,
    close: () => undefined,
  };
}
