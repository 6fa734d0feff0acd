import { inspect } from 'node:util';
import { errorKinds, GatewayError } from '../core/errors.ts';

/** What a policy has done that none should; a label of `waygate_policy_failures_total`. */
export const failureKinds = ['threw', 'rejected', 'timed_out', 'nonsense', 'blocked'] as const;

/** See {@link failureKinds}. */
export type FailureKind = (typeof failureKinds)[number];

/** What a policy was at when it failed. */
export type PolicyPhase =
  'onRequest' | 'onResponse' | 'onFinish' | 'request body' | 'response body' | 'reply body' | 'close';

/** One failure of a policy. */
export interface PolicyFailure {
  readonly policy: string;
  readonly kind: FailureKind;
  readonly phase: PolicyPhase;
  /** What was thrown, or what is wrong; undefined for what held the event loop. */
  readonly error?: unknown;
  /** Milliseconds for which it held the event loop. */
  readonly held?: number;
}

/** What is wrong with what a policy has answered, as opposed to what it has thrown. */
export class NonsenseError extends TypeError {
  override readonly name = 'NonsenseError';
}

/** What kind of failure it is that a policy has thrown. @param otherwise when it does not say so itself. */
export function kindOfThrown(thrown: unknown, otherwise: 'threw' | 'rejected'): FailureKind {
  try {
    return thrown instanceof NonsenseError ? 'nonsense' : otherwise;
  } catch {
    return otherwise;
  }
}

/**
 * Whether a policy means the client to get this error, with its own code. Whatever else it throws is a failure; what is
 * thrown may be anything, such as an object that throws as soon as somebody looks at it.
 */
export function isMeant(thrown: unknown): thrown is GatewayError {
  try {
    return (
      thrown instanceof GatewayError &&
      thrown.code !== 'policy_failed' &&
      Object.hasOwn(errorKinds, thrown.code)
    );
  } catch {
    return false;
  }
}

/** The error for the client and the access log. @param what the sentence for the log, where the error has no code of its own. */
export function asGatewayError(thrown: unknown, what: string): GatewayError {
  return isMeant(thrown) ? thrown : new GatewayError('policy_failed', what, { cause: thrown });
}

/** Text is cut there; characters. */
const LONGEST = 300;

/** Causes are followed so far; an error may be its own. */
const DEEPEST = 8;

/** What was thrown, as an error that can be looked at by whoever writes the log. */
export function loggableError(thrown: unknown, depth = 0): Error {
  try {
    // Each is read once here: some throw.
    if (
      thrown instanceof Error &&
      [thrown.name, thrown.message, thrown.stack ?? ''].every((text) => typeof text === 'string') &&
      (!(thrown.cause instanceof Error) ||
        depth === DEEPEST ||
        loggableError(thrown.cause, depth + 1) === thrown.cause)
    )
      return thrown;
  } catch {
    return new Error('something was thrown that throws when it is looked at');
  }
  return new Error(`something was thrown that is no error: ${inTheLog(thrown)}`);
}

/** What a value looks like, without asking it. */
export function inTheLog(value: unknown): string {
  try {
    return inspect(value, { depth: 1, customInspect: false, maxArrayLength: 5, maxStringLength: 100 }).slice(
      0,
      LONGEST,
    );
  } catch {
    return 'something that throws when it is looked at';
  }
}
