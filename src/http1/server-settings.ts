import type { LoopTurn } from '../core/loop-turn.ts';
import type { TimerWheel } from '../core/timer-wheel.ts';
import type { Llhttp } from './llhttp.ts';
import type { ReadMemory } from './read-memory.ts';
import type { HeadLimits } from './request-head.ts';

/** What holds for every connection of a listener; times in milliseconds, sizes in octets. Replaced at a reload. */
export interface ServerSettings extends HeadLimits {
  readonly headersTimeout: number;
  readonly keepAliveTimeout: number;
  readonly writeTimeout: number;
  /** Octets a second that a request body must keep up after its first 5 s; 0 is off. */
  readonly bodyMinRate: number;
  readonly requestsPerConnection: number;
}

/** What a client's connection finds around it. */
export interface ServerEnvironment {
  readonly settings: ServerSettings;
  readonly llhttp: Llhttp;
  readonly wheel: TimerWheel;
  readonly turn: LoopTurn;
  readonly readMemory: ReadMemory;
  /** True while the gateway drains: answers say `Connection: close`. */
  readonly draining: boolean;
  /** The present second as an HTTP date. */
  date(): string;
}
