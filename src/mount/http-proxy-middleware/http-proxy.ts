import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { writeFailure } from '../mount.ts';
import { responseOn } from '../upgrade.ts';
import type { NodeRequest } from '../node-downstream.ts';
import { compileAnswerRewrites, type AnswerRewrite } from './answer-rewrites.ts';
import { isPromise } from './is-promise.ts';
import type { Options } from './options.ts';
import { outgoingHeaders } from './outgoing-headers.ts';
import { compilePathRewrite, type Rewriter } from './path-rewrite.ts';
import { pluginsOf } from './plugins.ts';
import { ProxyDownstream } from './proxy-downstream.ts';
import { asProxyError } from './proxy-error.ts';
import { ProxyHub } from './proxy-events.ts';
import { guarded, RequestDraft } from './proxy-request.ts';
import { joinTarget, type ProxyTarget } from './proxy-target.ts';
import { nextHop, type Hop } from './redirect.ts';
import { bodyOf, headFor } from './sent-head.ts';
import { engineSettings, TargetGateways } from './target-gateways.ts';
import { compileTargets, type TargetFinder } from './target-router.ts';

/** A request on its way to a target. */
interface Errand<TReq, TRes> {
  readonly request: TReq;
  readonly response: TRes;
  readonly target: ProxyTarget;
  readonly upgrade: { readonly socket: Duplex; readonly head: Buffer } | undefined;
  /** Redirects that were followed. */
  readonly hops: number;
  readonly fail: (error: unknown) => void;
}

/** What `createProxyMiddleware` makes of its options: everything but which requests it is for. */
export class HttpProxy<TReq extends IncomingMessage, TRes extends ServerResponse> {
  readonly #options: Options<TReq, TRes>;
  readonly #find: TargetFinder<TReq, TRes>;
  readonly #rewritePath: Rewriter<TReq, TRes> | undefined;
  readonly #rewriteAnswer: AnswerRewrite | undefined;
  readonly #gateways: TargetGateways;
  readonly #hub: ProxyHub;
  readonly #timed = new WeakSet<object>();
  readonly #maxHops: number;

  /** @throws UnsupportedError for what there is nothing for here. */
  constructor(options: Options<TReq, TRes>) {
    const { agent, followRedirects, pathRewrite } = options;
    this.#options = options;
    this.#hub = new ProxyHub((error) => {
      this.#report(error);
    });
    this.#find = compileTargets(options);
    this.#rewritePath = compilePathRewrite(pathRewrite);
    this.#rewriteAnswer = compileAnswerRewrites(options);
    this.#gateways = new TargetGateways(engineSettings(agent, options));
    this.#maxHops = typeof followRedirects === 'number' ? followRedirects : followRedirects === true ? 5 : 0;
    for (const plugin of pluginsOf(options)) plugin(this.#hub, options);
  }

  /** Resolves when the client's side is over, or the rest of the app has the request. */
  send(request: TReq, response: TRes, next: ((error?: unknown) => void) | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    response.on('close', resolve);
    const leave = (error: unknown): void => {
      if (next === undefined) writeFailure(response, error);
      else next(error);
      resolve();
    };
    this.#limitTime(request);
    this.#prepare(request, response, leave, (target) => {
      const fail = (error: unknown): void => {
        const known = asProxyError(error);
        if (!this.#hub.hears('error')) leave(known);
        else this.#tellError(known, request, response, target, leave);
      };
      this.#dispatch({ request, response, target, upgrade: undefined, hops: 0, fail });
    });
    return promise;
  }

  /** The same for an upgrade. */
  upgrade(request: TReq, socket: Duplex, head: Buffer): void {
    const { response, leave } = responseOn(request, socket);
    const failed = (error: unknown, target?: ProxyTarget): void => {
      leave();
      const end = (thrown: unknown): void => {
        this.#report(thrown);
        socket.destroy();
      };
      if (!this.#hub.hears('error')) socket.destroy();
      else this.#tellError(asProxyError(error), request, socket, target, end);
    };
    this.#prepare(request, undefined, failed, (target) => {
      const fail = (error: unknown): void => {
        failed(error, target);
      };
      // Nothing but a refused upgrade is ever written to it.
      this.#dispatch({
        request,
        response: response as TRes,
        target,
        upgrade: { socket, head },
        hops: 0,
        fail,
      });
    });
  }

  /** Ends at once. */
  close(): Promise<void> {
    return this.#gateways.close();
  }

  /** What no request can be failed for. */
  #report(error: unknown): void {
    const { logger } = this.#options;
    if (logger === undefined) process.emitWarning(error instanceof Error ? error : String(error));
    else logger.error(error);
  }

  #tellError(
    error: Error,
    request: TReq,
    party: TRes | Duplex,
    target: ProxyTarget | undefined,
    failed: (error: unknown) => void,
  ): void {
    try {
      // Listeners know requests of the program's own kind.
      this.#hub.tell('error', error, request, party, target?.input);
    } catch (thrown) {
      failed(thrown);
    }
  }

  /** Each time, since Node sets the time of its own between the requests of a connection. */
  #limitTime({ socket }: TReq): void {
    const { timeout } = this.#options;
    if (timeout === undefined || timeout === 0) return;
    socket.setTimeout(timeout);
    if (this.#timed.has(socket)) return;
    this.#timed.add(socket);
    socket.on('timeout', () => socket.destroy());
  }

  /** Finds the target, then the path; either may have to be waited for. */
  #prepare(
    request: TReq,
    response: TRes | undefined,
    fail: (error: unknown) => void,
    go: (target: ProxyTarget) => void,
  ): void {
    const rewritten = (target: ProxyTarget): void => {
      if (this.#rewritePath === undefined) {
        go(target);
        return;
      }
      const path = this.#rewritePath(request.url ?? '/', request, response, this.#options);
      whenKnown(path, fail, (known) => {
        // What is no text leaves the path as it is.
        if (typeof known === 'string') request.url = known;
        go(target);
      });
    };
    try {
      whenKnown(this.#find(request, response), fail, (target) => {
        if (target === undefined) fail(new Error('[waygate] no target for this request'));
        else rewritten(target);
      });
    } catch (error) {
      fail(error);
    }
  }

  #dispatch(errand: Errand<TReq, TRes>): void {
    const { request, response, target, upgrade, fail } = errand;
    try {
      if (upgrade === undefined) this.#hub.tell('start', request, response, target.input);
      const headers = outgoingHeaders(request, target, this.#options, upgrade !== undefined);
      const path = joinTarget(target, request.url ?? '/', this.#options);
      const draft = new RequestDraft(request.method ?? 'GET', path, target.secure, target.hostname, headers);
      this.#announce(errand, draft);
      if (isAnswered(errand)) return;
      if (draft.failure !== undefined) throw draft.failure;
      const body = upgrade === undefined ? bodyOf(request, draft) : undefined;
      this.#take(errand, draft, body);
    } catch (error) {
      fail(error);
    }
  }

  #announce({ request, response, target, upgrade }: Errand<TReq, TRes>, draft: RequestDraft): void {
    const hub = this.#hub;
    if (!hub.hears(upgrade === undefined ? 'proxyReq' : 'proxyReqWs')) return;
    // Listeners to events know requests of any kind.
    const shown = { ...this.#options, target: target.input } as unknown as Options;
    if (upgrade === undefined) hub.tell('proxyReq', guarded(draft), request, response, shown);
    else hub.tell('proxyReqWs', guarded(draft), request, upgrade.socket, shown, upgrade.head);
  }

  /** Hands a request to the gateway of its target. */
  #take(errand: Errand<TReq, TRes>, draft: RequestDraft, body: Uint8Array | undefined): void {
    const { request, response, target, upgrade, hops, fail } = errand;
    const node: NodeRequest = { request, response, readBefore: body, upgrade, onError: fail };
    this.#gateways.of(target, upgrade !== undefined).take({
      ...node,
      url: draft.path,
      head: headFor(draft, request, body),
      otherwise: undefined,
      fail,
      open: (wheel) =>
        new ProxyDownstream(node, wheel, {
          request,
          response,
          target,
          sent: draft,
          hub: this.#hub,
          rewrite: this.#rewriteAnswer,
          selfHandled: this.#options.selfHandleResponse === true,
          follow:
            hops < this.#maxHops && upgrade === undefined
              ? (status, location, sent) =>
                  this.#follow(errand, nextHop(draft, target, status, location, sent))
              : undefined,
          fail,
        }),
    });
  }

  #follow(errand: Errand<TReq, TRes>, hop: Hop | undefined): (() => void) | undefined {
    if (hop === undefined) return undefined;
    return () => {
      const next = hop.draft;
      try {
        this.#announce({ ...errand, target: hop.target }, next);
        if (isAnswered(errand)) return;
        if (next.failure !== undefined) throw next.failure;
        this.#take({ ...errand, target: hop.target, hops: errand.hops + 1 }, next, next.written ?? hop.body);
      } catch (error) {
        errand.fail(error);
      }
    };
  }
}

/** Whether a listener has answered by itself, or ended the socket: there is nothing to ask a target for. */
function isAnswered({
  response,
  upgrade,
}: Pick<Errand<IncomingMessage, ServerResponse>, 'response' | 'upgrade'>): boolean {
  return upgrade === undefined ? response.headersSent || response.destroyed : upgrade.socket.destroyed;
}

/** Goes on at once where there is nothing to wait for. */
function whenKnown<Value>(
  value: Value | Promise<Value>,
  fail: (error: unknown) => void,
  go: (value: Value) => void,
): void {
  if (isPromise(value)) Promise.resolve(value).then(go).catch(fail);
  else go(value);
}
