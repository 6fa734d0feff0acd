import type { HeaderList } from '../http/header-list.ts';
import type { BodySink, BodySource } from './body.ts';
import type { GatewayError } from './errors.ts';
import type { RequestHead, ResponseHead } from './exchange.ts';

/** A request as a downstream hands it over: the canonical head, and what the engine needs to know of its body. */
export interface IncomingRequest extends RequestHead {
  /** Octets of the body; 0 is none, −1 is not known before its end. */
  readonly contentLength: number;
  /** The client waits for a 100 before it sends the body (RFC 9110 §10.1.1). */
  readonly expectContinue: boolean;
  /** The protocol the client wants to change to, lower-case, or undefined (RFC 9110 §7.8). */
  readonly upgrade: string | undefined;
  /** The client takes trailers (`TE: trailers`, RFC 9110 §10.1.4). */
  readonly acceptsTrailers: boolean;
  /** Header lines that were dropped for their names, whatever is configured: with an underscore, or only for the gateway to set. */
  readonly droppedNames: number;
}

/**
 * The client's side of an exchange. Implemented by an HTTP/1.1 connection; later also by an HTTP/2 stream and by the
 * request and response of an app that Waygate is mounted in. As a {@link BodySource} it is the request's body, as a
 * {@link BodySink} the response's. `pause` is strict: after it no chunk arrives before `resume`.
 */
export interface Downstream extends BodySink, BodySource {
  /** Sends an interim answer (1xx other than 100 and 101); ignored for clients that cannot take one. */
  sendInterim(status: number, headers: HeaderList): void;
  /** Lets the body flow; first answers 100 when the client waits for it. Once for each exchange. */
  startBody(): void;
  /** Nothing of the body that was handed over so far is held any more: its memory may be used again. */
  bodyTaken(): void;
  /**
   * Sends the head of the final answer.
   * @param length octets of the body that follows; −1 when not known. 0 for an answer without a body.
   * @param hasBody false when the answer has none whatever its headers say (HEAD, 204, 304).
   */
  sendHead(head: ResponseHead, length: number, hasBody: boolean): void;
  /** Sends the head of a 101 and turns both directions into a raw relay; `end` half-closes. */
  sendUpgrade(headers: HeaderList): void;
  /** Whether the final head has been sent. */
  readonly headSent: boolean;
  /** Takes the head back while nothing of it has left: true when another may be sent in its place. */
  retractHead(): boolean;
  /** The octets of response body taken so far. */
  readonly bytesWritten: number;
  /** Gathers what is written until {@link uncork}, so that a head and a small body leave together. */
  cork(): void;
  /**
   * @returns false when the client does not keep up: pause the source until `onClientDrain`; true when nothing of what was
   *   written is held here any more.
   */
  uncork(): boolean;
  /** Arms the time-out of the whole exchange, in milliseconds; 0 disarms. It calls `onExchangeTimeout`. */
  setExchangeTimeout(delay: number): void;
  /** Changes the time-outs of the request body, in milliseconds; 0 is off. */
  setBodyTimeouts(total: number, idle: number): void;
}

/** The gateway's side of an exchange, as the downstream sees it. */
export interface DownstreamHandler {
  /** Called once, right after the exchange was made. It may answer before it returns. */
  start(): void;
  onRequestBody(chunk: Uint8Array): void;
  onRequestEnd(trailers: HeaderList | undefined): void;
  /**
   * Everything that one read brought has been handed over: flush what was gathered.
   * @returns true when nothing of it is held any more, so that its memory may be used again; false when in doubt.
   */
  onRequestFlush(): boolean;
  /** The client takes more of the answer. */
  onClientDrain(): void;
  /** The client is gone, too slow, or sends a body that breaks the rules. */
  onClientError(error: GatewayError): void;
  onExchangeTimeout(): void;
  /** The last octet of the answer has been handed to the system, or the connection is lost. */
  onResponseSent(): void;
}
