import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { isFieldName, isFieldValue } from '../../http/field.ts';
import { responseOn } from '../middleware.ts';
import { writeFailure } from '../mount.ts';
import type { NodeRequest } from '../node-downstream.ts';
import { bodyReadBefore } from '../parsed-body.ts';
import { compileAnswerRewrites, type AnswerRewrite } from './answer-rewrites.ts';
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
  readonly #hub = new ProxyHub();
  /** The options as listeners to events of any kind get them. */
  readonly #shown: Options;
  readonly #timed = new WeakSet<object>();
  readonly #maxHops: number;

  /** @throws UnsupportedError for what there is nothing for here. */
  constructor(options: Options<TReq, TRes>) {
    const { agent, secure, proxyTimeout, followRedirects, pathRewrite } = options;
    this.#options = options;
    this.#shown = options as unknown as Options;
    this.#find = compileTargets(options);
    this.#rewritePath = compilePathRewrite(pathRewrite);
    this.#rewriteAnswer = compileAnswerRewrites(options);
    this.#gateways = new TargetGateways(engineSettings(agent, secure, proxyTimeout));
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
        else this.#hub.tell('error', known, request, response, target.input);
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
      if (!this.#hub.hears('error')) socket.destroy();
      else this.#hub.tell('error', asProxyError(error), request, socket, target?.input);
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

  #limitTime({ socket }: TReq): void {
    const { timeout } = this.#options;
    if (timeout === undefined || timeout === 0 || this.#timed.has(socket)) return;
    this.#timed.add(socket);
    socket.setTimeout(timeout, () => socket.destroy());
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
        if (known !== undefined) request.url = known;
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
    if (upgrade === undefined) this.#hub.tell('start', request, response, target.input);
    const headers = outgoingHeaders(request, target, this.#options, upgrade !== undefined);
    const path = joinTarget(target, request.url ?? '/', this.#options);
    const draft = new RequestDraft(request.method ?? 'GET', path, target.secure, target.host, headers);
    try {
      this.#announce(errand, draft);
      if (draft.failure !== undefined) throw draft.failure;
      const body = upgrade === undefined ? bodyOf(request, draft) : undefined;
      this.#take(errand, draft, body);
    } catch (error) {
      fail(error);
    }
  }

  #announce({ request, response, upgrade }: Errand<TReq, TRes>, draft: RequestDraft): void {
    const hub = this.#hub;
    if (upgrade === undefined) {
      if (hub.hears('proxyReq')) hub.tell('proxyReq', guarded(draft), request, response, this.#shown);
    } else if (hub.hears('proxyReqWs'))
      hub.tell('proxyReqWs', guarded(draft), request, upgrade.socket, this.#shown, upgrade.head);
  }

  /** Hands a request to the gateway of its target. */
  #take(errand: Errand<TReq, TRes>, draft: RequestDraft, body: Uint8Array | undefined): void {
    const { request, response, target, upgrade, hops, fail } = errand;
    const node: NodeRequest = { request, response, readBefore: body, upgrade, onError: fail };
    this.#gateways.of(target).take({
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
        this.#announce(errand, next);
        if (next.failure !== undefined) throw next.failure;
        this.#take({ ...errand, target: hop.target, hops: errand.hops + 1 }, next, next.written ?? hop.body);
      } catch (error) {
        errand.fail(error);
      }
    };
  }
}

/** The body, where it does not flow from the request by itself. */
function bodyOf(request: IncomingMessage, draft: RequestDraft): Uint8Array | undefined {
  const { written } = draft;
  if (written === undefined) return bodyReadBefore(request);
  if (
    request.readableEnded ||
    (request.headers['transfer-encoding'] === undefined && !Number(request.headers['content-length']))
  )
    return written;
  throw new TypeError(
    '[waygate] a listener to proxyReq has written a body, and that of the request has not been read: put a body parser in front of the proxy',
  );
}

/**
 * The head as it would stand on the wire, for the gateway's own reader.
 * @throws TypeError for a path, or a header, that cannot be sent.
 */
function headFor(draft: RequestDraft, request: IncomingMessage, body: Uint8Array | undefined): string {
  const { method, path } = draft;
  if (/[^\u0021-\u007e]/.test(path))
    throw Object.assign(new TypeError('the path for the target contains unescaped characters'), {
      code: 'ERR_UNESCAPED_CHARACTERS',
    });
  for (const [name, value] of Object.entries(draft.getHeaders()))
    for (const line of [value].flat())
      if (!isFieldName(name) || !isFieldValue(String(line)))
        throw Object.assign(
          new TypeError(`the header ${JSON.stringify(name.slice(0, 100))} cannot be sent`),
          {
            code: 'ERR_INVALID_CHAR',
          },
        );
  const { 'transfer-encoding': coding, 'content-length': length } = request.headers;
  let framing = '';
  if (body !== undefined)
    framing =
      body.length > 0 || (length !== undefined && method === request.method)
        ? `content-length: ${body.length}\r\n`
        : '';
  else if (coding !== undefined) framing = 'transfer-encoding: chunked\r\n';
  else if (length !== undefined) framing = `content-length: ${length}\r\n`;
  return `${method} ${path} HTTP/1.1\r\n${draft.seal()}${framing}\r\n`;
}

/** Goes on at once where there is nothing to wait for. */
function whenKnown<Value>(
  value: Value | Promise<Value>,
  fail: (error: unknown) => void,
  go: (value: Value) => void,
): void {
  if (!(value instanceof Promise)) {
    go(value);
    return;
  }
  value.then(go).catch(fail);
}
