import type { HeaderList } from '../http/header-list.ts';
import type { BodyStage } from './body.ts';
import type { GatewayError } from './errors.ts';
import type { ReplyBody } from './reply-body.ts';

/**
 * The canonical request: made once, before anything decides on it. Router, policies, cache key and the upstream's
 * request line all read this object.
 */
export interface RequestHead {
  /** Upper case, as received. */
  readonly method: string;
  /** The canonical path: starts with `/`, dot segments resolved, slashes merged, unreserved characters decoded. */
  readonly path: string;
  /**
   * What stands behind the `?`, as received, without it; undefined when there is no `?`. Replaced here, later policies, the
   * upstream and the log see the new one: so a parameter with a credential goes no further.
   */
  query: string | undefined;
  /** The host in lower case, without port and trailing dot; IPv6 in brackets; '' when an HTTP/1.0 client named none. */
  readonly host: string;
  /** The port named with the host, if any. */
  readonly port: number | undefined;
  readonly httpVersion: '1.0' | '1.1' | '2';
  /** Whether a body follows, of whatever length. */
  readonly hasBody: boolean;
  /** The header lines. Edits made here are what later policies and the upstream see. */
  readonly headers: HeaderList;
}

/** The status line and headers of an answer, on its way to the client. */
export interface ResponseHead {
  status: number;
  readonly headers: HeaderList;
  /** Where the answer comes from: a target, a policy's {@link Reply}, or a {@link GatewayError}. */
  readonly from: 'target' | 'reply' | 'error';
  /**
   * Set by a policy, it takes the place of the body that was answered, with the status and headers as they stand here: a
   * stored answer for a 304 of the target, or for an error.
   */
  body?: ReplyBody;
}

/** Who is at the other end, once `trustedProxies` has been taken into account. */
export interface Client {
  /** The client's address in canonical spelling, IPv4-mapped IPv6 as IPv4. */
  readonly ip: string;
  /** The scheme the client used towards the outermost trusted hop. */
  readonly scheme: 'http' | 'https';
  /** The address of the connection's other end; equals `ip` unless that is a trusted proxy. */
  readonly peerIp: string;
}

/** Who is asking, once a policy has established it. */
export interface Consumer {
  readonly id: string;
  readonly groups?: readonly string[];
  /** What the credential allows, such as the words of a token's `scope`. */
  readonly scopes?: readonly string[];
  readonly claims?: Readonly<Record<string, unknown>>;
}

/** An answer that a policy gives itself. Header values are checked; the length and framing are the gateway's. */
export interface Reply {
  readonly status: number;
  readonly headers?: Iterable<readonly [name: string, value: string]>;
  /**
   * Set by whoever vouches for it: `headers` is a list made for this answer alone, whose lines were checked when they were made,
   * and none of them is about framing or the connection. It is not looked through once more.
   */
  readonly checked?: true;
  readonly body?: ReplyBody;
  /** The word for programs that a refusal has (see `problemReply`); the access log shows it, with the policy's name. */
  readonly code?: string;
  /**
   * Set in a refusal by a policy that establishes who is asking: the request has no credentials of its kind at all. What does
   * not say so has looked at some, and found them wanting.
   */
  readonly anonymous?: true;
}

/** How an exchange ended; complete when `onFinish` runs. */
export interface Outcome {
  /** The status sent to the client; 0 when none was. */
  readonly status: number;
  /** What went wrong, or undefined. */
  readonly error: GatewayError | undefined;
  /** Which policy answered with a {@link Reply.code}, and with which; undefined for all other answers. */
  readonly refusal: { readonly policy: string; readonly code: string } | undefined;
  /** Milliseconds from the complete request head to the last byte handed to the socket. */
  readonly duration: number;
  /** Milliseconds from choosing a target to its complete response head; undefined when no target answered. */
  readonly upstreamDuration: number | undefined;
  /** Body octets received from and sent to the client. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  /** The target that answered or was tried last, as `host:port`. */
  readonly target: string | undefined;
  /** How many targets or connections were tried, 0 when none was. */
  readonly attempts: number;
}

/** One request and its response on their way through, as policies see them. */
export interface Exchange {
  /** Unique over all gateways; goes into logs and error answers. A policy may replace it. */
  id: string;
  readonly request: RequestHead;
  readonly client: Client;
  /** The name of the route, or '' when none matched. */
  readonly routeName: string;
  /** The parameters that the route's path captured, decoded. Has no prototype. */
  readonly params: Readonly<Record<string, string>>;
  /** Who is asking; set by an authentication policy. */
  consumer: Consumer | undefined;
  /** The path the target will see, without query; canonical. `stripPrefix` and rewrites are applied already. */
  upstreamPath: string;
  /** The largest request body in octets, counted as it arrives; 0 is no limit. */
  requestBodyLimit: number;
  /** How it ended. Only meaningful in `onFinish`. */
  readonly outcome: Outcome;
  /** Room for what a policy needs between its phases; keyed by the policy instance or a symbol of its own. */
  readonly state: Map<object | symbol, unknown>;
  /** Puts a stage into the request body's way. In `onRequest` only. */
  wrapRequestBody(stage: BodyStage): void;
  /** Puts a stage into the response body's way. In `onRequest` or `onResponse` only. */
  wrapResponseBody(stage: BodyStage): void;
  /**
   * Lets the answer be received to its end even if the client goes away, for a stage that keeps it for others. A request with
   * a body is broken off all the same. In `onRequest` or `onResponse`.
   * @param wanted false takes it back, at any time: nobody else wants the answer. If the client is gone by then, or there never
   *   was one, that ends the exchange soon.
   */
  outliveClient(wanted?: boolean): void;
  /**
   * Begins another exchange, without a client: with a copy of this request as it is now, without a body and with the same
   * consumer, through the policies behind the one that asks, to the target. Its answer goes through the same policies and the one that asks,
   * and then nowhere. It is in no access log. In `onRequest` or `onResponse`.
   * @param prepare gets the new exchange before it begins: to mark its `state`, and to edit its request.
   */
  startBackground(prepare: (exchange: Exchange) => void): void;
  /** Whether it was begun by {@link startBackground}. */
  readonly background: boolean;
  /**
   * Whether the target gets a header of this name from the gateway, with something about this very client or consumer, whatever
   * the request has there: who is asking, and from where.
   */
  writesHeader(name: string): boolean;
}
