import type { Downstream } from '../core/downstream.ts';
import type { GatewayError } from '../core/errors.ts';
import type { Outcome } from '../core/exchange.ts';
import type { Http1Request } from '../http1/request-head.ts';
import type { UpstreamCall } from '../upstream/upstream-call.ts';
import type { CompiledRoute } from './compiled-route.ts';
import type { ExchangeContext, RunningExchange } from './exchange-context.ts';
import { asGatewayError, type FailureKind, type PolicyPhase } from './policy-failure.ts';

/** How far an exchange has come. */
export type Phase = 'policies' | 'calling' | 'responding' | 'done';

/** How far an exchange is, and what its parts have in common: the two sides, and the account of it all. */
export class ExchangeProgress {
  /** As policies see it. */
  readonly exchange: RunningExchange;
  readonly context: ExchangeContext;
  readonly request: Http1Request;
  readonly route: CompiledRoute;
  /** Nobody's, once the client is gone from an exchange that outlives it. */
  downstream: Downstream;
  call: UpstreamCall | undefined = undefined;
  phase: Phase = 'policies';
  /** No time-out of the exchange is armed. */
  untimed: boolean;
  clientGone = false;
  tunnel = false;
  requestBytes = 0;
  status = 0;
  error: GatewayError | undefined = undefined;
  refusal: Outcome['refusal'] = undefined;
  /** The policy that the error is the fault of. */
  failedPolicy: string | undefined = undefined;
  /** The policy whose answer the client gets; −1 is none of them. */
  answeredAt = -1;
  calledAt = 0;
  upstreamDuration: number | undefined = undefined;
  readonly startedAt: number;

  constructor(exchange: RunningExchange, downstream: Downstream, context: ExchangeContext) {
    this.exchange = exchange;
    this.context = context;
    this.request = exchange.request;
    this.route = exchange.route;
    this.downstream = downstream;
    this.untimed = exchange.route.exchangeTimeout === 0;
    this.startedAt = context.clock.monotonic();
  }

  get outcome(): Outcome {
    const { call } = this;
    return {
      status: this.status,
      error: this.error,
      refusal: this.refusal,
      duration: this.context.clock.monotonic() - this.startedAt,
      upstreamDuration: this.upstreamDuration,
      requestBytes: this.requestBytes,
      responseBytes: this.downstream.bytesWritten,
      target: call?.target?.label,
      attempts: call?.attempts ?? 0,
    };
  }

  policyName(at: number): string {
    return this.route.policies[at]?.name ?? '?';
  }

  /**
   * Lets it be known that a policy failed.
   * @param at which of the route's policies.
   * @returns the error for the client, unless there is one already that the exchange ends with.
   */
  policyFailed(thrown: unknown, at: number, kind: FailureKind, phase: PolicyPhase): GatewayError {
    const policy = this.policyName(at);
    const error = asGatewayError(thrown, `the policy ${policy} failed: ${kind}, ${phase}`);
    if (error.code === 'policy_failed') {
      if (this.error === undefined) this.failedPolicy = policy;
      this.context.policyFailed({ policy, kind, phase, error: thrown }, this.exchange);
    }
    return error;
  }

  policyHeld(policy: string, held: number, phase: PolicyPhase): void {
    this.context.policyFailed({ policy, kind: 'blocked', phase, held }, this.exchange);
  }
}
