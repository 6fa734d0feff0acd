import type { VerificationKey } from './verification-key.ts';

/** What became of a look for a key that is not known. */
export type Look =
  /** A key that is not among these is none of the issuer's, as far as can be known. */
  | { readonly kind: 'looked'; readonly keys: readonly VerificationKey[] }
  /** Whether there is such a key is known at the earliest in so many milliseconds. */
  | { readonly kind: 'too soon'; readonly retryAfter: number };

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
   * Looks whether there are new keys, because a token names one that is not known. Looks in vain are a cool-down apart; one that
   * comes too soon waits for the next when that is near.
   * @param hasWanted whether the key is among these.
   */
  look(hasWanted: (keys: readonly VerificationKey[]) => boolean): Promise<Look>;
  close(): void;
}

/** Keys that stand in the configuration. */
export function fixedKeys(keys: readonly VerificationKey[]): KeySource {
  return {
    current: () => keys,
    load: () => Promise.resolve(keys),
    look: () => Promise.resolve({ kind: 'looked', keys }),
    close: () => undefined,
  };
}
