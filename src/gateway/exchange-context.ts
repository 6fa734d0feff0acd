import type { Clock } from '../core/clock.ts';
import type { GatewayError } from '../core/errors.ts';
import type { Exchange } from '../core/exchange.ts';
import type { Http1Request } from '../http1/request-head.ts';
import type { CompiledRoute } from './compiled-route.ts';
import type { NobodysPlace } from './nobody.ts';
import type { OutgoingContext } from './outgoing.ts';
import type { PolicyFailure } from './policy-failure.ts';
import type { PolicyStopwatch } from './policy-stopwatch.ts';
import type { Snapshot } from './snapshot.ts';

/** How far an exchange came among the policies of its route. */
export interface Course {
  /** How many of them were asked, from the first. */
  readonly asked: number;
  /** Which of them gave the answer; −1 where the target or the gateway did. Errors are the gateway's, whoever failed. */
  readonly answeredAt: number;
}

/** An exchange as the gateway around it sees it. */
export interface RunningExchange extends Exchange {
  readonly request: Http1Request;
  readonly route: CompiledRoute;
  /** The configuration that the exchange began on, and ends on. */
  readonly snapshot: Snapshot;
  readonly course: Course;
  /** The policy that the outcome's error is the fault of. */
  readonly failedPolicy: string | undefined;
}

/** What an exchange needs of the gateway around it. */
export interface ExchangeContext extends OutgoingContext, NobodysPlace {
  readonly clock: Clock;
  /** What finds the policy that held the event loop. */
  readonly stopwatch: PolicyStopwatch;
  nextId(): string;
  /** Why no exchange is begun for this request, whatever its route: a loop, or overload. */
  refusal(request: Http1Request): GatewayError | undefined;
  allowedMethods(request: Http1Request): string[];
  started(exchange: RunningExchange): void;
  /** @param time when the head was complete, milliseconds since the epoch. */
  finished(exchange: RunningExchange, time: number): void;
  policyFailed(failure: PolicyFailure, exchange: RunningExchange): void;
}
