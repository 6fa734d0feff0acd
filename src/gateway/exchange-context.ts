import type { Clock } from '../core/clock.ts';
import type { GatewayError } from '../core/errors.ts';
import type { Http1Request } from '../http1/request-head.ts';
import type { GatewayExchange } from './gateway-exchange.ts';
import type { OutgoingContext } from './outgoing.ts';

/** What an exchange needs of the gateway around it. */
export interface ExchangeContext extends OutgoingContext {
  readonly clock: Clock;
  /** How long policies may take on a route without a time-out, in milliseconds. */
  readonly policyPatience: number;
  nextId(): string;
  /** Why no exchange is begun for this request, whatever its route: a loop, or overload. */
  refusal(request: Http1Request): GatewayError | undefined;
  allowedMethods(request: Http1Request): string[];
  started(exchange: GatewayExchange): void;
  /** @param time when the head was complete, milliseconds since the epoch. */
  finished(exchange: GatewayExchange, time: number): void;
  policyFailed(policy: string, exchange: GatewayExchange, error: unknown): void;
}
