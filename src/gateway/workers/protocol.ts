import type { MessagePort } from 'node:worker_threads';
import type { Finding } from '../../config/finding.ts';
import type { Purge } from '../../core/answer-store.ts';
import type { AccessRecord } from '../../observe/access-record.ts';
import type { ConfigMaterial } from '../config-source.ts';
import type { CountingPlace } from '../data-plane.ts';
import type { ListenerAddress } from '../listener.ts';
import type { PurgeOutcome } from '../purge-outcome.ts';

/** What a thread is started with. */
export interface ThreadData {
  /** Which of the threads it is, from 1. A thread that takes the place of another has its number. */
  readonly id: number;
  /** What the gateway is told apart by from others of its name. */
  readonly instance: string;
  /** Takes what the thread tells of its metrics. */
  readonly news: MessagePort;
  /** One number, that the thread changes for as long as its event loop turns. */
  readonly pulse: SharedArrayBuffer;
  readonly limits: CountingPlace;
  /** In which form records of exchanges are handed over. */
  readonly accessLog: 'lines' | 'records' | 'off';
  /** Where this process keeps compiled code, if it does. */
  readonly compileCache: string | undefined;
  /** What standard output is like. */
  readonly output: { readonly terminal: boolean; readonly color: boolean };
}

/** Compile this configuration and open the addresses that it adds. */
export interface PrepareRequest {
  readonly kind: 'prepare';
  readonly version: string;
  readonly material: ConfigMaterial;
  /** How many threads there are. */
  readonly threads: number;
  /** The ports that are known already, in the order of the listeners. */
  readonly ports: readonly (number | undefined)[];
}

/** What a thread is asked to do. */
export type Request =
  | PrepareRequest
  /** Serve with what was prepared, or forget it. */
  | { readonly kind: 'commit' | 'abort' }
  /** Drop answers that are kept; tell other gateways, or leave that to another thread. */
  | { readonly kind: 'purge'; readonly purge: Purge; readonly everywhere: boolean }
  /** End: as a drain does, or at once. `accept` takes the place of the configuration's. */
  | { readonly kind: 'drain'; readonly accept?: number }
  | { readonly kind: 'close' };

/** What a thread says to a request. */
export type Answer =
  | { readonly kind: 'done' }
  | { readonly kind: 'purged'; readonly outcome: PurgeOutcome }
  | { readonly kind: 'ready'; readonly addresses: readonly ListenerAddress[] }
  | { readonly kind: 'wrong'; readonly findings: readonly Finding[] }
  | { readonly kind: 'failed'; readonly error: ErrorData };

/** One line of the operational log, secrets masked. */
export interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

/** What a thread hands over; it goes on with the next of the kind when this has been taken. */
export type Delivery =
  | { readonly kind: 'lines'; readonly octets: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'records'; readonly records: readonly AccessRecord[] }
  | { readonly kind: 'log'; readonly entries: readonly LogEntry[] };

/** From the main thread. */
export type ToThread =
  | { readonly to: 'request'; readonly id: number; readonly request: Request }
  /** @property code of the error because of which it was not taken. */
  | { readonly to: 'taken'; readonly id: number; readonly code: string | undefined };

/** To the main thread. */
export type FromThread =
  | { readonly from: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly from: 'delivery'; readonly id: number; readonly delivery: Delivery };

/** An error as it crosses from one thread to another, with what the command line explains it by. */
export interface ErrorData {
  readonly message: string;
  readonly stack: string | undefined;
  readonly details: Readonly<Record<string, string | number>>;
}

/** Members of errors of the system that say what went wrong. */
const explaining: ReadonlySet<string> = new Set(['code', 'syscall', 'address', 'port', 'errno']);

/** An error as plain data. */
export function errorData(error: unknown): ErrorData {
  if (!(error instanceof Error)) return { message: String(error), stack: undefined, details: {} };
  const details = Object.entries(error).filter(
    (entry): entry is [string, string | number] =>
      explaining.has(entry[0]) && (typeof entry[1] === 'string' || typeof entry[1] === 'number'),
  );
  return { message: error.message, stack: error.stack, details: Object.fromEntries(details) };
}

/** The error again. */
export function errorFrom({ message, stack, details }: ErrorData): Error {
  return Object.assign(new Error(message), stack === undefined ? {} : { stack }, details);
}
