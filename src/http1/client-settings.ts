import type { LoopTurn } from '../core/loop-turn.ts';
import type { TimerWheel } from '../core/timer-wheel.ts';
import type { Llhttp } from './llhttp.ts';
import type { ReadMemory } from './read-memory.ts';

/** What a connection to a target may take; times in milliseconds. */
export interface ClientSettings {
  readonly connectTimeout: number;
  readonly headersTimeout: number;
  readonly bodyIdleTimeout: number;
  /** In place of `bodyIdleTimeout` for event streams and raw relays, which may be quiet for long. */
  readonly streamIdleTimeout: number;
  readonly interimLimit: number;
}

/** Shared by all connections of a thread. */
export interface ClientConnectionEnvironment {
  readonly llhttp: Llhttp;
  readonly wheel: TimerWheel;
  readonly turn: LoopTurn;
  readonly readMemory: ReadMemory;
}

/** One request as it is sent. */
export interface OutgoingRequest {
  /** The head as it goes onto the wire, with its empty line. */
  readonly head: string;
  readonly isHead: boolean;
  /** Octets of the body that follows, −1 for chunked, 0 for none. */
  readonly length: number;
  /** The protocol asked for with Upgrade, or undefined. */
  readonly upgrade: string | undefined;
}
