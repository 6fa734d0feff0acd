import type { Finding } from '../config/finding.ts';
import type { LoadResult } from '../config/load-config.ts';
import type { Purge } from '../core/answer-store.ts';
import type { ConfigMaterial } from './config-source.ts';
import type { GatewayStats } from './gateway-options.ts';
import type { ListenerAddress } from './listener.ts';
import type { PurgeOutcome } from './purge-outcome.ts';

/** A configuration without mistakes of its own, which those who serve may still find wanting. */
export interface Candidate {
  readonly loaded: LoadResult & { readonly ok: true };
  readonly version: string;
  /** What it was made of, for those in other threads. */
  readonly material: () => ConfigMaterial;
}

/** What came of preparing for a configuration. Everything that can fail has happened when it is ready. */
export type Preparation =
  | {
      readonly ok: true;
      /** Lets new exchanges use the configuration. */
      readonly commit: () => Promise<void>;
      /** Stays with the old one. */
      readonly abort: () => void;
    }
  | { readonly ok: false; readonly findings: readonly Finding[] };

/** Who serves clients: this thread, or several others. */
export interface Serving {
  readonly addresses: readonly ListenerAddress[];
  readonly stats: GatewayStats;
  /** How many threads serve at the moment, and how many should. */
  readonly workers: { readonly serving: number; readonly wanted: number };
  /**
   * Compiles a configuration and opens the addresses that it adds. One preparation at a time.
   * @throws the error of `listen`, such as EADDRINUSE, when an address is taken.
   */
  prepare(candidate: Candidate): Promise<Preparation>;
  /** Lets whoever waits for a preparation wait no longer: the end has come. */
  giveUp(): void;
  /** Drops answers that are kept, in this gateway and in all on the same Redis. */
  purge(purge: Purge): Promise<PurgeOutcome>;
  /** Lets the exchanges under way finish, within the bounds of the configuration. */
  drain(): Promise<void>;
  /** Ends at once. Resolves when nothing is left. */
  close(): Promise<void>;
}
