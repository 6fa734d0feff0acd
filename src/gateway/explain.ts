import { Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import type { Config } from '../config/schema.ts';
import { startTimer } from '../core/clock.ts';
import { GatewayError } from '../core/errors.ts';
import type { Consumer, Reply } from '../core/exchange.ts';
import type { Fetch } from '../core/fetch.ts';
import type { ExplainedStep, PolicyDefinition, PolicyInstance } from '../core/policy.ts';
import { commonMethods } from '../http/methods.ts';
import { hasEncodedSeparator } from '../http/path.ts';
import type { Http1Request } from '../http1/request-head.ts';
import { ServerConnection } from '../http1/server-connection.ts';
import type { RouteRequest } from '../router/conditions.ts';
import type { ConsideredRoute } from '../router/explain.ts';
import { explainRoutes } from '../router/explain.ts';
import { ConnectionContext } from './connection-context.ts';
import type { GatewayCore } from './gateway-core.ts';
import { GatewayExchange } from './gateway-exchange.ts';
import { withIdleCore } from './idle-core.ts';
import { PolicyWatch } from './policy-watch.ts';
import { isMeant, loggableError } from './policy-failure.ts';
import { checkReply } from './policy-reply.ts';
import { readHead } from './receiver.ts';
import { buildCall, methodTakesNoTunnel, refusedUpgrade, targetPath } from './outgoing.ts';

/** A request to be explained. */
export interface Question {
  /** The head as a client would send it, latin1, with the empty line. */
  readonly head: string;
  /** The address of the connection's other end. */
  readonly peerIp: string;
}

/** What became of one policy. */
export interface ExplainedPolicy {
  readonly name: string;
  /** Whether it stands in the list for every route or in the route's own. */
  readonly from: 'every route' | 'route';
  readonly verdict: 'passes' | 'answers' | 'fails' | 'not reached';
  /** What the policy says of it, a line each. */
  readonly notes?: readonly string[];
}

/** Who is asking, as far as somebody may see it who explains the request: of claims, the names. */
export interface ExplainedConsumer extends Pick<Consumer, 'id' | 'groups' | 'scopes'> {
  /** The policy that established it. */
  readonly policy: string;
  readonly claims: readonly string[];
}

/** How it ends: sent to an upstream, answered by a policy, or refused by the gateway. */
export type ExplainedEnd =
  | {
      readonly type: 'forwarded';
      readonly upstream: string;
      /** The URLs of the targets; the head is the one for the first. */
      readonly targets: readonly string[];
      /** What the target receives, latin1, with the empty line. */
      readonly head: string;
    }
  | {
      readonly type: 'answered';
      /** Undefined when it is the gateway itself. */
      readonly policy: string | undefined;
      readonly reply: Reply;
    }
  | { readonly type: 'refused'; readonly code: string; readonly status: number; readonly detail: string };

/** What would happen to a request. */
export interface Explanation {
  /** The canonical request; undefined when it is not well-formed. */
  readonly request: Pick<Http1Request, 'method' | 'host' | 'path' | 'query'> | undefined;
  /** The client's address, `trustedProxies` taken into account. */
  readonly clientIp: string;
  /** The name of the route; undefined when none matches. */
  readonly route: string | undefined;
  readonly params: Readonly<Record<string, string>>;
  /** Whether it is a preflight, which belongs to the route of the request that it asks about (Fetch §4.8). */
  readonly preflight: boolean;
  /** Every route, in the order in which they are asked. */
  readonly considered: readonly (ConsideredRoute & { readonly name: string })[];
  readonly policies: readonly ExplainedPolicy[];
  /** Undefined while no policy has established it. */
  readonly consumer: ExplainedConsumer | undefined;
  readonly end: ExplainedEnd;
}

/**
 * Says what would happen to a request, without sending it: the same code that serves requests reads it, finds its
 * route, runs the policies' first phase and writes the head for the target. Ids are zeros, so that the answer is the
 * same each time.
 * @param fetch how policies get what they need to decide, such as keys; without it, nothing is fetched.
 * @throws SnapshotError when policies find mistakes in their options.
 */
export async function explainRequest(
  config: Config,
  question: Question,
  policies: readonly PolicyDefinition[],
  fetch?: Fetch,
): Promise<Explanation> {
  const watch = new PolicyWatch(fetch);
  return withIdleCore(
    policies,
    async (core) => {
      core.adopt(core.compile(config));
      // What instances wanted to fetch when they were made has been refused to them by then.
      await setImmediate();
      return new Explainer(core, config, question, watch).explain();
    },
    watch,
  );
}

class Explainer {
  readonly #core: GatewayCore;
  readonly #config: Config;
  readonly #question: Question;
  readonly #watch: PolicyWatch;
  readonly #policies: ExplainedPolicy[] = [];
  #consumer: ExplainedConsumer | undefined;
  #wrapped = false;

  constructor(core: GatewayCore, config: Config, question: Question, watch: PolicyWatch) {
    this.#core = core;
    this.#watch = watch;
    this.#config = config;
    this.#question = question;
  }

  async explain(): Promise<Explanation> {
    const { peerIp } = this.#question;
    const context = new ConnectionContext(this.#core, peerIp, () => undefined);
    let request: Http1Request;
    try {
      request = readHead(this.#core, this.#question.head);
    } catch (error) {
      return nothingButEnd(peerIp, refused(error));
    }
    // A connection of nobody: whatever is written to it goes nowhere.
    const connection = new ServerConnection(new Socket(), context, peerIp);
    const exchange = context.onRequest(request, connection);
    if (!(exchange instanceof GatewayExchange)) throw new TypeError('an exchange is a GatewayExchange');
    const { method, host, path, query } = request;
    const { considered } = explainRoutes(this.#config.routes, asIfAsked(exchange));
    const end = await this.#follow(exchange, context);
    return {
      request: { method, host, path, query },
      clientIp: exchange.client.ip,
      route: exchange.route.config?.name,
      params: exchange.params,
      preflight: exchange.preflight,
      considered: considered.map((each) => ({ ...each, name: this.#config.routes[each.index]?.name ?? '' })),
      policies: this.#policies,
      consumer: this.#consumer,
      end,
    };
  }

  /** The steps of `GatewayExchange`, in its order; a test compares the outcome with what a target receives. */
  async #follow(exchange: GatewayExchange, context: ConnectionContext): Promise<ExplainedEnd> {
    const { request, route } = exchange;
    for (const [index, { name }] of route.policies.entries()) {
      const from = index < this.#config.policies.length ? 'every route' : 'route';
      this.#policies.push({ name, from, verdict: 'not reached' });
    }
    const refusal = context.refusal(request) ?? methodTakesNoTunnel(request);
    if (refusal !== undefined) return refused(refusal);
    try {
      if (route.rewrites) exchange.upstreamPath = targetPath(exchange);
    } catch (error) {
      return refused(error);
    }
    if (hasEncodedSeparator(request.path) && route.config?.allowEncodedSeparators !== true) {
      return refused(new GatewayError('bad_path', 'an encoded separator'));
    }
    return (await this.#runPolicies(exchange)) ?? this.#proceed(exchange, context);
  }

  /** @returns the end, when a policy answers or fails. */
  async #runPolicies(exchange: GatewayExchange): Promise<ExplainedEnd | undefined> {
    exchange.wrapRequestBody = () => {
      this.#wrapped = true;
    };
    for (const [index, { name, instance }] of exchange.route.policies.entries()) {
      const explained = this.#policies[index];
      if (explained === undefined) continue;
      let heard: readonly string[] = [];
      const before = exchange.consumer;
      try {
        const { reply, notes } = await this.#watch.during(
          () => this.#inTime(explainStep(instance, exchange), exchange.route.policyTimeout),
          (lines) => (heard = lines),
        );
        const verdict = reply === undefined ? 'passes' : 'answers';
        this.#policies[index] = { ...explained, verdict, notes: [...notes, ...heard] };
        if (exchange.consumer !== before) this.#consumer = explainedConsumer(name, exchange.consumer);
        if (reply !== undefined) return { type: 'answered', policy: name, reply };
      } catch (error) {
        this.#policies[index] = {
          ...explained,
          verdict: isMeant(error) ? 'answers' : 'fails',
          notes: heard,
        };
        return refused(error);
      }
    }
    return undefined;
  }

  /** Whoever asks is not to wait for ever for a policy that never answers. */
  async #inTime<Result>(step: Promise<Result>, patience: number): Promise<Result> {
    const late = Promise.withResolvers<never>();
    const timer = startTimer(this.#core.clock, patience, () => {
      late.reject(new Error(`it did not answer within ${patience} ms`));
    });
    try {
      return await Promise.race([step, late.promise]);
    } finally {
      timer.cancel();
    }
  }

  #proceed(exchange: GatewayExchange, context: ConnectionContext): ExplainedEnd {
    const { request, route, requestBodyLimit } = exchange;
    if (requestBodyLimit > 0 && request.contentLength > requestBodyLimit) {
      return refused(new GatewayError('body_too_large', `${request.contentLength} octets announced`));
    }
    const upgrade = refusedUpgrade(request, route);
    if (upgrade !== undefined) return refused(new GatewayError('upgrade_refused', `${request.upgrade}`));
    const { upstream } = route;
    const target = upstream?.targets[0];
    if (upstream === undefined || target === undefined || exchange.preflight)
      return this.#miss(request, route.config !== undefined && !exchange.preflight, context);
    try {
      return {
        type: 'forwarded',
        upstream: upstream.config.name,
        targets: upstream.config.targets.map(({ url }) => url),
        head: buildCall(exchange, context, this.#wrapped).headFor(target),
      };
    } catch (error) {
      return refused(error);
    }
  }

  #miss(request: Http1Request, matched: boolean, context: ConnectionContext): ExplainedEnd {
    // What a server as a whole can do (RFC 9110 §9.3.7).
    if (request.path === '*')
      return {
        type: 'answered',
        policy: undefined,
        reply: { status: 204, headers: [['allow', commonMethods]] },
      };
    const allowed = matched ? [] : context.allowedMethods(request);
    if (allowed.length === 0) return refused(new GatewayError('route_not_found', 'no route matches'));
    return refused(new GatewayError('method_not_allowed', `allowed here: ${allowed.join(', ')}`));
  }
}

/** What a policy would do; one that has nothing of its own to say about it does it. */
async function explainStep(instance: PolicyInstance, exchange: GatewayExchange): Promise<ExplainedStep> {
  const step: ExplainedStep =
    instance.explain === undefined
      ? { reply: (await instance.onRequest?.(exchange)) as Reply | undefined, notes: [] }
      : await instance.explain(exchange);
  const { reply } = step;
  if (reply === undefined) return step;
  const { headers } = checkReply(reply);
  // Looked through once already: a list may be one that can be read but once.
  return { ...step, reply: reply.headers === undefined ? reply : { ...reply, headers: [...headers] } };
}

function explainedConsumer(policy: string, consumer: Consumer | undefined): ExplainedConsumer | undefined {
  if (consumer === undefined) return undefined;
  const { id, groups, scopes, claims = {} } = consumer;
  return {
    ...{ policy, id },
    ...(groups === undefined ? {} : { groups }),
    ...(scopes === undefined ? {} : { scopes }),
    claims: Object.keys(claims),
  };
}

/** The request as far as its route depends on it. */
function asIfAsked({ request, preflight }: GatewayExchange): RouteRequest {
  const { method, host, path, query, headers } = request;
  const asked = preflight ? headers.get('access-control-request-method') : undefined;
  return { method: asked ?? method, host, path, query, headers };
}

function refused(error: unknown): ExplainedEnd {
  if (isMeant(error))
    return { type: 'refused', code: error.code, status: error.status, detail: error.detail };
  return { type: 'refused', code: 'policy_failed', status: 500, detail: loggableError(error).message };
}

function nothingButEnd(clientIp: string, end: ExplainedEnd): Explanation {
  return {
    request: undefined,
    clientIp,
    route: undefined,
    params: {},
    preflight: false,
    considered: [],
    policies: [],
    consumer: undefined,
    end,
  };
}
