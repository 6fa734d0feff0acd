import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ProxyRequest } from './proxy-request.ts';
import type { ProxyResponse } from './proxy-response.ts';
import type { ProxySocket } from './proxy-socket.ts';
import type { TargetInput } from './proxy-target.ts';

/** What a program writes its log to, such as `console`. */
export interface Logger {
  info(...values: unknown[]): void;
  warn(...values: unknown[]): void;
  error(...values: unknown[]): void;
}

/** Which requests are proxied; looked at is the path of `req.url`. */
export type Filter<TReq extends IncomingMessage = IncomingMessage> =
  string | readonly string[] | ((path: string, request: TReq) => unknown);

/** How the path for the target is made: by regular expressions, the first that matches, or by a function. */
export type PathRewrite<
  TReq extends IncomingMessage = IncomingMessage,
  TRes extends ServerResponse = ServerResponse,
> =
  | Readonly<Record<string, string>>
  | ((
      path: string,
      request: TReq,
      response?: TRes,
      options?: Options<TReq, TRes>,
    ) => string | undefined | Promise<string | undefined>);

/** Another target for some requests: by host and path, the first that matches, or by a function. */
export type TargetRouter<
  TReq extends IncomingMessage = IncomingMessage,
  TRes extends ServerResponse = ServerResponse,
> =
  | Readonly<Record<string, TargetInput>>
  | ((
      request: TReq,
      response: TRes | undefined,
      options: Options<TReq, TRes>,
    ) => TargetInput | undefined | Promise<TargetInput | undefined>);

/**
 * What can be listened to, with `on` in the options or by a plugin. They are methods so that a listener whose parameters have the types of
 * Node's that it had with http-proxy-middleware, such as `ClientRequest`, is one here too: what there is less of throws.
 */
export interface ProxyEvents<
  TReq extends IncomingMessage = IncomingMessage,
  TRes extends ServerResponse = ServerResponse,
> {
  /** Something went wrong: with a request, which is to be answered, or with an upgrade, whose socket is to be ended. */
  error(error: Error, request: TReq, response: TRes | Duplex, target?: TargetInput): void;
  /** The request for the target is made, and may be changed. */
  proxyReq(proxyRequest: ProxyRequest, request: TReq, response: TRes, options: Options<TReq, TRes>): void;
  /** The same for an upgrade. */
  proxyReqWs(
    proxyRequest: ProxyRequest,
    request: TReq,
    socket: Duplex,
    options: Options<TReq, TRes>,
    head: Buffer,
  ): void;
  /** The target answers; its headers may be changed. */
  proxyRes(proxyResponse: ProxyResponse, request: TReq, response: TRes): void | Promise<void>;
  /** A WebSocket is open. */
  open(socket: ProxySocket): void;
  /** A WebSocket is over. */
  close(proxyResponse: ProxyResponse, socket: ProxySocket, head: Buffer): void;
  /** A request is about to be sent. */
  start(request: TReq, response: TRes, target: TargetInput): void;
  /** The target's answer is there in whole. */
  end(request: TReq, response: TRes, proxyResponse: ProxyResponse): void;
  /** The client is gone before it was answered. */
  econnreset(error: Error, request: TReq, response: TRes, target: TargetInput): void;
}

/** The same as the option `on` has them. */
export type OnProxyEvent<
  TReq extends IncomingMessage = IncomingMessage,
  TRes extends ServerResponse = ServerResponse,
> = Partial<ProxyEvents<TReq, TRes>>;

/** What a plugin listens to events with. */
export interface PluginHost<
  TReq extends IncomingMessage = IncomingMessage,
  TRes extends ServerResponse = ServerResponse,
> {
  on<Name extends keyof ProxyEvents<TReq, TRes>>(name: Name, listener: ProxyEvents<TReq, TRes>[Name]): this;
  once<Name extends keyof ProxyEvents<TReq, TRes>>(name: Name, listener: ProxyEvents<TReq, TRes>[Name]): this;
  off<Name extends keyof ProxyEvents<TReq, TRes>>(name: Name, listener: ProxyEvents<TReq, TRes>[Name]): this;
}

/** Adds to what a proxy does by listening to its events. */
export type Plugin<
  TReq extends IncomingMessage = IncomingMessage,
  TRes extends ServerResponse = ServerResponse,
> = (proxy: PluginHost<TReq, TRes>, options: Options<TReq, TRes>) => void;

/**
 * What `createProxyMiddleware` takes: the options of http-proxy-middleware 4, as far as there is such a thing here. They are not `readonly`,
 * because programs that were written for it make them bit by bit; they are read once.
 */
export interface Options<
  TReq extends IncomingMessage = IncomingMessage,
  TRes extends ServerResponse = ServerResponse,
> {
  /** Where requests go: a URL, whose path is put in front of theirs. */
  target?: TargetInput;
  /** Another target for some requests. */
  router?: TargetRouter<TReq, TRes>;
  /** Whether the target sees its own host in `Host` rather than the client's; false when left out. */
  changeOrigin?: boolean;
  /** Which requests are proxied; all when left out. */
  pathFilter?: Filter<TReq>;
  /** How the path for the target is made. */
  pathRewrite?: PathRewrite<TReq, TRes>;
  /** Listeners to what happens. */
  on?: OnProxyEvent<TReq, TRes>;
  /** Whether the target is told of the client in `X-Forwarded-*`; false when left out. */
  xfwd?: boolean;
  /** Headers that the target gets in place of the client's. */
  headers?: Readonly<Record<string, string>>;
  /** Whether certificates of targets are verified; true when left out. */
  secure?: boolean;
  /** An `http.Agent`, for its `keepAlive` and `maxSockets`; false opens a connection for each request. */
  agent?: unknown;
  /** Milliseconds without a sign of the client after which its connection is ended. */
  timeout?: number;
  /** Milliseconds without a sign of the target after which the request fails. */
  proxyTimeout?: number;
  /** Milliseconds until a target has answered an upgrade; without end when left out. */
  upgradeTimeout?: number;
  /** Another domain for cookies, for all or by the domain they have; '' takes it away. */
  cookieDomainRewrite?: false | string | Readonly<Record<string, string>>;
  /** Another path for cookies, for all or by the path they have; '' takes it away. */
  cookiePathRewrite?: false | string | Readonly<Record<string, string>>;
  /** Whether redirects of the target are followed, and how many; true is 5. */
  followRedirects?: boolean | number;
  /** The host of `Location`, where it is the target's. */
  hostRewrite?: string;
  /** Whether the host of `Location`, where it is the target's, becomes the one that the client asked. */
  autoRewrite?: boolean;
  /** The scheme of `Location`, where its host is the target's. */
  protocolRewrite?: string;
  /** Whether the program answers by itself, in `on.proxyRes`. */
  selfHandleResponse?: boolean;
  /** Whether WebSockets are relayed, from the first request of a server on. */
  ws?: boolean;
  /** What else listens. */
  plugins?: readonly Plugin<TReq, TRes>[];
  /** Leaves the plugins out that are there by default. */
  ejectPlugins?: boolean;
  /** Where a line about each exchange is written; nowhere when left out. */
  logger?: Logger;
  /** Whether the path of the target is put in front; true when left out. */
  prependPath?: boolean;
  /** Whether the path of the request is left out; false when left out. */
  ignorePath?: boolean;
  /** `user:password` for the target. */
  auth?: string;
  /** Whether names of the answer's headers keep their letter case; false when left out. */
  preserveHeaderKeyCase?: boolean;
}

/** A proxy as a function of an app. */
export interface RequestHandler<
  TReq extends IncomingMessage = IncomingMessage,
  TRes extends ServerResponse = ServerResponse,
  TNext = (error?: unknown) => void,
> {
  (request: TReq, response: TRes, next?: TNext): Promise<void>;
  /** For a server's `upgrade` event. */
  upgrade: (request: TReq, socket: Duplex, head: Buffer) => void;
  /** Ends at once, WebSockets included. A server that is closed does so by itself. Beyond http-proxy-middleware. */
  close: () => Promise<void>;
}
